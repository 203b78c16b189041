// Executing graphs: one interface, Node and browser behind it.

export type { Backend, Device, RuntimeOptions } from './backend.ts'
export { backend } from './backend-node.ts'
export * from './step.ts'
