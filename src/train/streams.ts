// The random generators of a run, one per purpose, made when they are first asked for.

import { type Rng, random } from '../data/rng.ts'

/** The state of every generator by its purpose, safe for JSON. */
export type StreamsState = Record<string, number[]>

export class Streams {
  private readonly streams = new Map<string, Rng>()

  constructor(private readonly seed: number) {}

  /** The generator for a purpose, the same one at every call. */
  readonly for = (purpose: string): Rng => {
    const known = this.streams.get(purpose)
    if (known) return known
    const made = random(this.seed, purpose)
    this.streams.set(purpose, made)
    return made
  }

  state(): StreamsState {
    return Object.fromEntries(Array.from(this.streams, ([purpose, rng]) => [purpose, rng.state()]))
  }

  /** Goes on where `state` was taken; a purpose that it does not know begins anew. */
  restore(state: StreamsState) {
    this.streams.clear()
    for (const [purpose, words] of Object.entries(state)) this.for(purpose).restore(words)
  }
}
