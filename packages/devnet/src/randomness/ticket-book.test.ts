import { describe, expect, it } from 'vitest'
import {
  beaconEntryOf,
  beaconFor,
  branchFrom,
  openTicketBook,
  ticketFor,
  ticketOf,
  withNullRounds,
} from './ticket-book.js'

const book = openTicketBook('00'.repeat(32))

describe('the ticket book', () => {
  it('draws the same ticket for the same epoch, another for the next', () => {
    expect(ticketFor(book, 5)).toEqual(ticketFor(book, 5))
    expect(ticketFor(book, 5)).not.toEqual(ticketFor(book, 6))
    expect(ticketFor(book, 5)).toHaveLength(96)
  })
  it('answers for epochs before genesis with the genesis ticket', () => {
    expect(ticketFor(book, -730)).toEqual(ticketOf(book, 0))
    expect(ticketOf(book, 0)).toHaveLength(32)
  })
  it('looks back over null rounds, for tickets and for the beacon', () => {
    const gaps = withNullRounds(withNullRounds(withNullRounds(book, 10, 12), 13, 13), 20, 20)
    for (const epoch of [10, 11, 12, 13]) expect(ticketFor(gaps, epoch)).toEqual(ticketFor(gaps, 9))
    expect(ticketFor(gaps, 14)).not.toEqual(ticketFor(gaps, 9))
    expect(beaconFor(gaps, 20)).toEqual(beaconEntryOf(gaps, 19).data)
    expect(beaconFor(gaps, 21)).toEqual(beaconEntryOf(gaps, 21).data)
  })
  it('draws other tickets on another branch, and the same beacon', () => {
    const gaps = withNullRounds(book, 10, 12)
    const other = branchFrom(gaps, 11)
    expect(ticketFor(other, 9)).toEqual(ticketFor(gaps, 9))
    expect(ticketFor(other, 10)).toEqual(ticketFor(gaps, 9))
    expect(ticketFor(other, 11)).not.toEqual(ticketFor(book, 11))
    expect(beaconEntryOf(other, 11)).toEqual(beaconEntryOf(book, 11))
    expect(ticketFor(branchFrom(other, 11), 11)).not.toEqual(ticketFor(other, 11))
  })
})
