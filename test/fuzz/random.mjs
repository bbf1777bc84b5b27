/** A stream of numbers that follows from a text and a number alone: any one input of a run can be made again. */
export class Random {
  #state

  constructor(name, seed, index) {
    let hash = 0x811c9dc5
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
    this.#state = (hash ^ Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)) >>> 0
    this.next()
  }

  /** 32 random bits (splitmix32). */
  next() {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  /** 0 to `count` − 1. */
  below(count) {
    return count <= 1 ? 0 : this.next() % count
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** True once in `count` times. */
  once(count) {
    return this.next() % count === 0
  }
}
