// Keys of the page and of its rooms: what they do, in words for the help, and who listens to them.

type Action = (event: KeyboardEvent) => void

/** Keys that do one thing, by `KeyboardEvent.key`, with `ctrl+` before it where Ctrl or ⌘ is held. */
export interface KeyLine {
  keys: readonly string[]
  does: string
}

/** All keys, by where they count. Whoever listens there has an action for each: the help can say neither less nor more. */
export const keyTable = {
  grow: [
    { keys: [' '], does: 'play and pause' },
    { keys: ['.'], does: 'one step' },
  ],
  walk: [
    {
      keys: ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'],
      does: 'parent, first child, siblings; with Shift, move the view',
    },
    { keys: ['Enter'], does: 'make it the middle' },
    { keys: ['Escape', 'Backspace'], does: 'up' },
    { keys: ['Home', '0'], does: 'to the root' },
    { keys: ['+', '='], does: 'nearer' },
    { keys: ['-', '_'], does: 'further away' },
  ],
  steer: [
    { keys: [' '], does: 'play through the layers, and pause' },
    { keys: ['Escape'], does: 'stop' },
    { keys: ['['], does: 'a smaller brush' },
    { keys: [']'], does: 'a larger brush' },
    { keys: ['ctrl+z'], does: 'undo; with Shift, redo' },
    { keys: ['ctrl+y'], does: 'redo' },
  ],
  board: [
    {
      keys: ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'],
      does: 'move the brush; with Shift, four pixels at a time',
    },
    { keys: [' '], does: 'put the brush down, and lift it' },
  ],
  compress: [
    { keys: ['ArrowLeft'], does: 'a bit less' },
    { keys: ['ArrowRight'], does: 'a bit more' },
    { keys: ['Home'], does: 'no bits' },
    { keys: ['End'], does: 'all bits' },
  ],
  pad: [{ keys: ['ctrl+z'], does: 'undo a line' }],
  page: [
    { keys: ['r'], does: 'another seed' },
    { keys: ['?'], does: 'this page' },
  ],
} as const satisfies Record<string, readonly KeyLine[]>

export type KeyPlace = keyof typeof keyTable

/** An action for every key of a place. */
export type KeyActions<P extends KeyPlace> = Readonly<
  Record<(typeof keyTable)[P][number]['keys'][number], Action>
>

/** Listens until the returned function is called. Keys that a focused control takes are its own. */
export function onKeys(actions: { [P in KeyPlace]: KeyActions<P> }[KeyPlace]): () => void {
  const listener = (event: KeyboardEvent) => {
    const { key, target, ctrlKey, metaKey, altKey } = event
    if (altKey || (target instanceof HTMLElement && takes(target, key))) return
    const name = `${ctrlKey || metaKey ? 'ctrl+' : ''}${key.length === 1 ? key.toLowerCase() : key}`
    const action = (actions as Readonly<Record<string, Action>>)[name]
    if (!action) return
    event.preventDefault()
    action(event)
  }
  addEventListener('keydown', listener)
  return () => removeEventListener('keydown', listener)
}

/** As keyboards have it: `Ctrl Z`, `↑`, `Space`. */
export function keyName(key: string): string {
  const [, ctrl, rest] = /^(ctrl\+)?(.+)$/s.exec(key)!
  const name = names[rest] ?? (rest.length === 1 ? rest.toUpperCase() : rest)
  return ctrl ? `Ctrl ${name}` : name
}

const names: Readonly<Record<string, string>> = {
  ' ': 'Space',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowRight: '→',
  ArrowDown: '↓',
  Escape: 'Esc',
}

/** Whether a focused control, or the dialog that it is in, takes a key itself. */
function takes(target: HTMLElement, key: string): boolean {
  if (target.isContentEditable || target.matches('textarea, select')) return true
  if (target instanceof HTMLInputElement) {
    if (target.type === 'range') return /^(Arrow|Page|Home$|End$)/.test(key)
    if (target.type === 'radio') return key === ' ' || key.startsWith('Arrow')
    if (!['checkbox', 'button', 'file', 'color'].includes(target.type)) return true
  }
  if (target.closest('dialog')) return key === ' ' || key.length > 1
  return (key === ' ' || key === 'Enter') && target.closest('button, a, summary, input') !== null
}
