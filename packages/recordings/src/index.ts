export { lotusKeysFolder, lotusMessageFiles, lotusRecording } from './lotus-recording.js'
export { type CasesOfKind, recordedCases } from './recorded-cases.js'
export type { RecordedCase } from './recorded-file.js'
export { vectorTable } from './vector-table.js'
