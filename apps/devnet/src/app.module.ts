import { Module } from '@nestjs/common'
import { DevnetService } from './devnet.service.js'

/** The embedded chain as a process. No rule of the chain is here. */
@Module({ providers: [DevnetService] })
export class AppModule {}
