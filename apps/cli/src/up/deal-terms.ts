/** Time for sealing before a deal starts: four days, so that 64 sectors can be proven one after another. Unit: epochs. */
export const START_DELAY_EPOCHS = 4 * 2880
/** The shortest a deal may last: 180 days, and a little for the epochs until it is published. Unit: epochs. */
export const DURATION_EPOCHS = 180 * 2880 + 60
