// The networks that rooms offer: those that come with Coppice, and the runs of this machine.

import type { RunFacts } from '../../server/runs.ts'
import type { RoomName } from '../../state.ts'
import { modelOf } from './runs.ts'

export interface Choice {
  /** As the address has it. */
  value: string
  title: string
}

/** `rooms` are those that can use it, where that is not all. */
const shipped: readonly (Choice & { rooms?: readonly RoomName[] })[] = [
  { value: 'digits', title: 'digits: grey, 126 bits' },
  { value: 'emoji', title: 'emoji: colour, 126 bits' },
  { value: 'emoji-grey', title: 'emoji-grey: told the grey', rooms: ['steer'] },
  { value: 'tree', title: 'tree: grey, 9 bits' },
]

/** With which a room begins. All of a tree of 9 bits can be seen. */
const first: Record<RoomName, string> = { grow: 'digits', walk: 'tree', steer: 'digits', compress: 'digits' }

/** The network that a room works with, where the address names `model`: '' leaves it to the room. */
export function networkOf(room: RoomName, model: string): string {
  return model || first[room]
}

/** What a room offers, and what it has been given beside that. */
export function choicesOf(room: RoomName, runs: readonly RunFacts[], chosen: string): Choice[] {
  const all: Choice[] = [
    ...shipped.filter(({ rooms = [room] }) => rooms.includes(room)),
    ...runs.map(run => ({ value: modelOf(run), title: `run ${run.name}: ${run.bits} bits` })),
  ]
  return all.some(({ value }) => value === chosen) ? all : [...all, { value: chosen, title: nameOf(chosen) }]
}

/** A network in a sentence. */
export function nameOf(model: string): string {
  return model.startsWith('run:') ? `run ${model.slice(4)}` : model
}
