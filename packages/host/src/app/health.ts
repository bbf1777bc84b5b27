export interface HealthReport {
  readonly ok: boolean
  readonly rooms: { readonly room: string; readonly ok: boolean; readonly reason: string }[]
}

/** One room's lamp. A room is red until it says it is green. */
export class HealthRoom {
  #ok = false
  #reason = 'starting'
  constructor(
    readonly room: string,
    private readonly changed: (room: HealthRoom) => void,
  ) {}
  get ok(): boolean {
    return this.#ok
  }
  get reason(): string {
    return this.#reason
  }
  green(): void {
    this.#set(true, '')
  }
  /** `reason`: what is waited for and who must act, in one line. */
  red(reason: string): void {
    this.#set(false, reason)
  }
  #set(ok: boolean, reason: string): void {
    if (ok === this.#ok && reason === this.#reason) return
    this.#ok = ok
    this.#reason = reason
    this.changed(this)
  }
}

/** Per room green or red with a reason; an app is healthy when all its rooms are. */
export class Health {
  readonly #rooms = new Map<string, HealthRoom>()
  readonly #listeners = new Set<(room: HealthRoom) => void>()

  /** The lamp of a room, the same for the same name. */
  room(name: string): HealthRoom {
    const known = this.#rooms.get(name)
    if (known) return known
    const room = new HealthRoom(name, (changed) => {
      for (const listener of this.#listeners) listener(changed)
    })
    this.#rooms.set(name, room)
    return room
  }

  /** Takes a lamp away, for rooms that come and go. */
  remove(name: string): void {
    this.#rooms.delete(name)
  }

  onChange(listener: (room: HealthRoom) => void): void {
    this.#listeners.add(listener)
  }

  /** The answer to the operator API's `health`. */
  report(): HealthReport {
    const rooms = [...this.#rooms.values()].map(({ room, ok, reason }) => ({ room, ok, reason }))
    return { ok: rooms.every((room) => room.ok), rooms }
  }
}
