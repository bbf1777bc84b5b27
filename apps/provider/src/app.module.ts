import { Module } from '@nestjs/common'
import { ProviderModule } from './provider.module.js'

/** The app as it runs: the provider on the chain nodes of its configuration. */
@Module({ imports: [ProviderModule.forRoot()] })
export class AppModule {}
