// Between the page's state and a run of images: what it is begun with, and what a saved one says back.

import { stateSchema } from '../../../state.ts'
import { state } from '../../lib/url.svelte.ts'
import { type Beginning, images } from './images.svelte.ts'

export function beginning(): Beginning {
  const { K, rate, dropout, split, seed, from } = state
  return { settings: { K, rate, dropout, split: split === 'on', seed }, from }
}

/** Goes on with a saved run, whose settings the sliders take over; whether that succeeded. */
export async function loadRun(file: File): Promise<boolean> {
  const loaded = await images.load(file)
  if (!loaded) return false
  const { split, ...rest } = loaded
  const said = { ...rest, split: split ? 'on' : 'off', from: 'nothing' }
  // A setting beyond what the sliders allow stays as it was here.
  for (const [name, value] of Object.entries(said)) {
    const { success, data } = stateSchema.shape[name as keyof typeof said].safeParse(value)
    if (success) Object.assign(state, { [name]: data })
  }
  images.settle(beginning())
  return true
}
