// Files that come into the page: chosen, pasted, or dropped with their folders.

import type { Given } from '../../workers/grow-pictures.ts'

/**
 * An action: takes files that are dropped on the page or pasted into it, as long as its element is there; that has the
 * class `over` while files are held above the page.
 */
export function takeFiles(element: HTMLElement, take: (files: File[]) => void): { destroy(): void } {
  const control = new AbortController()
  const listen = <K extends keyof WindowEventMap>(type: K, listener: (event: WindowEventMap[K]) => void) =>
    addEventListener(type, listener, { signal: control.signal })
  const mark = (over: boolean) => element.classList.toggle('over', over)
  // Text that is dragged into a field is not meant.
  const hold = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false
  const given = (transfer: DataTransfer | null) => {
    if (transfer?.files.length) take([...transfer.files])
  }
  listen('dragover', event => {
    if (!hold(event)) return
    event.preventDefault()
    mark(true)
  })
  listen('dragleave', event => {
    // It left the window: within it there is always something that it goes to.
    if (!event.relatedTarget) mark(false)
  })
  listen('drop', event => {
    mark(false)
    if (!hold(event)) return
    event.preventDefault()
    given(event.dataTransfer)
  })
  listen('paste', event => given(event.clipboardData))
  return { destroy: () => control.abort() }
}

/** What was chosen, folders with their paths. */
export function chosenFiles(list: FileList | null): Given[] {
  return Array.from(list ?? [], file => ({ path: file.webkitRelativePath || file.name, file }))
}

/** What was dropped, with all that is in dropped folders. Call it in the event: after that the browser forgets. */
export async function droppedFiles(transfer: DataTransfer | null): Promise<Given[]> {
  const found: Given[] = []
  const items = Array.from(
    transfer?.items ?? [],
    item => [item.webkitGetAsEntry(), item.getAsFile()] as const,
  )
  for (const [entry, file] of items)
    if (entry) await walk(entry, found)
    else if (file) found.push({ path: file.name, file })
  return found
}

async function walk(entry: FileSystemEntry, found: Given[]) {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      ;(entry as FileSystemFileEntry).file(resolve, reject)
    })
    found.push({ path: entry.fullPath.replace(/^\//, ''), file })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const next = () =>
    new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject)
    })
  // A reader gives a hundred at a time.
  for (let some = await next(); some.length; some = await next())
    for (const inner of some) await walk(inner, found)
}
