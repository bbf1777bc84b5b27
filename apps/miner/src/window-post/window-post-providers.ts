import { Collecting } from './collecting.js'
import { EarlierReads } from './earlier-reads.js'
import { KnownFaults } from './known-faults.js'
import { LateAlarm } from './late-alarm.js'
import { PartitionScan } from './partition-scan.js'
import { PartitionStore } from './partition-store.js'
import { PostClaims } from './post-claims.js'
import { PostFacts } from './post-facts.js'
import { PostOffers } from './post-offers.js'
import { PostVerdict } from './post-verdict.js'
import { PostWork } from './post-work.js'
import { ProvingCheck } from './proving-check.js'
import { ProvingViews } from './proving-views.js'
import { Recoveries } from './recoveries.js'
import { SectorHealth } from './sector-health.js'
import { SectorHomes } from './sector-homes.js'
import { SubmitPost } from './submit-post.js'
import { VanillaFiles } from './vanilla-files.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPost } from './window-post.js'

/** This room's injectables; `WindowPostOptions` and `PostQueue` are the app's to provide. */
export const windowPostProviders = [
  PartitionStore,
  VanillaStore,
  VanillaFiles,
  SectorHomes,
  PostFacts,
  PartitionScan,
  PostClaims,
  Collecting,
  SubmitPost,
  SectorHealth,
  PostOffers,
  PostVerdict,
  LateAlarm,
  EarlierReads,
  Recoveries,
  KnownFaults,
  WindowPost,
  PostWork,
  ProvingViews,
  ProvingCheck,
]
