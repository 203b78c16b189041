// Executing graphs: one interface, Node and browser behind it.

export { backend } from '#backend'
export type { Backend, Device, Opened, RuntimeOptions } from './backend.ts'
export type { Feed } from './feeds.ts'
export type { StateSlot } from './state.ts'
export * from './step.ts'
