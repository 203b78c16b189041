// Keys of the page and of its rooms.

/** What keys do, by `KeyboardEvent.key`, with `ctrl+` before it where Ctrl or ⌘ is held. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** Listens until the returned function is called. Keys typed into a field are its own. */
export function onKeys(keys: Keys): () => void {
  const listener = (event: KeyboardEvent) => {
    const { key, target, ctrlKey, metaKey, altKey } = event
    if (altKey || isField(target)) return
    // A focused button takes the space bar and Enter itself.
    if (
      (key === ' ' || key === 'Enter') &&
      target instanceof HTMLElement &&
      target.closest('button, a, summary')
    )
      return
    const action = keys[`${ctrlKey || metaKey ? 'ctrl+' : ''}${key.length === 1 ? key.toLowerCase() : key}`]
    if (!action) return
    event.preventDefault()
    action(event)
  }
  addEventListener('keydown', listener)
  return () => removeEventListener('keydown', listener)
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement)
    return !['range', 'checkbox', 'radio', 'button'].includes(target.type)
  return (
    target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  )
}
