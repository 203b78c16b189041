// The trained models that come with the package, in Node: where they lie, and how they are found by name.

import { readdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { kindOf, packageFolder } from './files.ts'
import { suggestion } from './nearest.ts'

/** The folder of the models that come with this package: networks as safetensors, judges as JSON and ONNX. */
export function modelsFolder(): string {
  return join(packageFolder('coppice'), 'models')
}

/**
 * Where a model's file is: where the path says, relative to `folder`; a bare name is then looked for among the models
 * that come with the package.
 *
 * @returns the path as it was given, or an absolute one among the package's models; what lies beside it belongs to it
 * @throws with the places looked at
 */
export async function findModel(path: string, folder = '.'): Promise<string> {
  const kind = await kindOf(resolve(folder, path))
  if (kind === 'file') return path
  if (kind === 'folder') throw new Error(`${path} is a folder, not a file`)
  const missing = `there is no file ${isAbsolute(path) ? path : join(folder, path)}`
  if (/[/\\]/.test(path)) throw new Error(missing)
  const shipped = modelsFolder()
  if ((await kindOf(join(shipped, path))) === 'file') return join(shipped, path)
  const names = (await readdir(shipped).catch(() => []))
    .filter(name => /\.(json|safetensors)$/.test(name))
    .sort()
  throw new Error(
    `${missing}, and none of that name among Coppice's own models, in ${shipped}${names.length ? suggestion(path, names) : ''}`,
  )
}
