import { Module } from '@nestjs/common'
import { providerModule } from './provider.module.js'

/** The app as it runs: the provider on the chain nodes of its configuration. */
@Module({ imports: [providerModule()] })
export class AppModule {}
