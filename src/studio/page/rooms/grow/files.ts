// Files that come into the page: chosen, or dropped with their folders.

import type { Given } from '../../../workers/grow-pictures.ts'

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
