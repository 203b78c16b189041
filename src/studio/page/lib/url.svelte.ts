// The page's state in the address bar: changes go there, and back and forward bring them back.

import { readState, type State, writeState } from '../../state.ts'

/** The state; write to it, and what shows it follows. */
export const state: State = $state(readState(location.search))

/** Every random choice is made anew. */
export function anotherSeed(): void {
  state.seed = Math.floor(Math.random() * 2 ** 32)
}

/** A change of room is a step back in the browser; sliders are not. */
let room = state.room

/** Keeps the address bar and the state alike. Call once, where effects run. */
export function followUrl(): void {
  $effect(() => {
    const query = writeState(state)
    if (query === location.search.slice(1)) return
    const url = `${location.pathname}${query ? `?${query}` : ''}`
    if (state.room === room) history.replaceState(null, '', url)
    else history.pushState(null, '', url)
    room = state.room
  })
  $effect(() => {
    const back = () => {
      // In one go: what a moment had the default would be seen.
      Object.assign(state, readState(location.search))
      room = state.room
    }
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  })
}
