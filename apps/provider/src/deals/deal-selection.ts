import { parseCid } from '@sealane/actors'
import type { AcceptanceSettings } from '@sealane/market'
import type { DealSelection as Row } from '@sealane/proto'
import { z } from 'zod'
import type { ProviderConfig } from '../config.js'
import type { ProviderDb } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import { StoredSetting } from '../settings/stored-setting.js'

const kinds = ['online', 'offline', 'verified', 'unverified'] as const

/** What the operator said at run time; what is absent is as the configuration has it. */
const said = z.object({
  online: z.boolean().optional(),
  offline: z.boolean().optional(),
  verified: z.boolean().optional(),
  unverified: z.boolean().optional(),
  pieceBlocklist: z.array(z.string()).optional(),
  expectedSealEpochs: z.int().nonnegative().optional(),
})
type Said = z.infer<typeof said>

/** A change: a value, or null for the configuration's own. What is absent stays as it is. */
export type SelectionChange = { readonly [Name in keyof Said]?: Said[Name] | null }

/** Which deals are considered at all: the configuration, and over it what the operator says while the provider runs. */
export class DealSelection {
  readonly #said: StoredSetting<typeof said>

  constructor(
    private readonly config: ProviderConfig['deals'],
    db: ProviderDb,
  ) {
    this.#said = new StoredSetting(db, 'deal-selection', said, {})
  }

  async load(): Promise<void> {
    await this.#said.load()
  }

  /** @throws {ProviderError} SELECTION_REFUSED when a piece CID of the block list is none */
  async change(change: SelectionChange): Promise<void> {
    const pieceBlocklist = change.pieceBlocklist?.map(canonical)
    await this.#said.change((before) => {
      const after = { ...before, ...change, ...(pieceBlocklist === undefined ? {} : { pieceBlocklist }) }
      return said.parse(Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null)))
    })
  }

  /** The part of the acceptance rules that is the operator's choice. */
  rules(): Pick<
    AcceptanceSettings,
    | 'considerOnline'
    | 'considerOffline'
    | 'considerVerified'
    | 'considerUnverified'
    | 'blocklist'
    | 'expectedSealEpochs'
  > {
    const row = this.row()
    return {
      considerOnline: row.online,
      considerOffline: row.offline,
      considerVerified: row.verified,
      considerUnverified: row.unverified,
      blocklist: new Set(row.pieceBlocklist),
      expectedSealEpochs: row.expectedSealEpochs,
    }
  }

  /** What holds now, and which of it is not the configuration's. */
  row(): Row {
    const { config } = this
    const now = this.#said.get()
    const configured = {
      online: config.consider_online,
      offline: config.consider_offline,
      verified: config.consider_verified,
      unverified: config.consider_unverified,
      pieceBlocklist: config.piece_blocklist,
      expectedSealEpochs: config.expected_seal_epochs,
    }
    return {
      ...configured,
      ...now,
      refusedByConfiguration: kinds.filter((kind) => !configured[kind] && now[kind] === undefined),
    }
  }
}

function canonical(text: string): string {
  try {
    return parseCid(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderError({ code: 'SELECTION_REFUSED', reason: `${text} is no piece CID: ${why}` })
  }
}
