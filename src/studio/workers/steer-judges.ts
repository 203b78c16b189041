// Judges of the room Steer: those that come with the package, and those that were dropped on the page.

import { parseJson } from '../../guides/explain.ts'
import type { ReadFile } from '../../guides/judge.ts'
import { type JudgeSpec, parseJudgeSpec } from '../../guides/judge-spec.ts'
import type { JudgeFacts } from '../page/rooms/steer/form.ts'

/** Those of the package that serve people, in the order in which they are offered. */
export const shippedJudges = ['classifier.json', 'text-image.json'] as const

export function factsOf(name: string, spec: JudgeSpec): JudgeFacts {
  const { output, text, vector } = spec
  return {
    name,
    read: output.read,
    classes: output.classes ?? null,
    text: text !== undefined,
    vector: vector !== undefined,
  }
}

/** Files that somebody brought: they come before those of the server. */
export class OwnFiles {
  private readonly files = new Map<string, Uint8Array>()

  /** @param otherwise  where files are read that nobody brought */
  constructor(private readonly otherwise: ReadFile) {}

  /** A file by its bare name. */
  readonly read: ReadFile = async name => {
    if (!/^[\w.@+ -]+$/.test(name) || name.startsWith('.'))
      throw new Error(`${name.slice(0, 80)} is no name of a file that could be here`)
    return this.files.get(name) ?? this.otherwise(name)
  }

  /**
   * Takes an ONNX model or a judge's description in.
   *
   * @returns the judges that are whole now that it is there: their descriptions and all models that these name
   * @throws where the file is not what its name says
   */
  add(name: string, bytes: Uint8Array): { name: string; spec: JudgeSpec }[] {
    if (name.endsWith('.json')) parseJudgeSpec(parseJson(bytes, name), name)
    else if (!looksLikeOnnx(bytes)) throw new Error(`${name} is not an ONNX model`)
    this.files.set(name, bytes)
    return this.judges().filter(
      judge =>
        missing(judge.spec, this.files).length === 0 && [judge.name, ...models(judge.spec)].includes(name),
    )
  }

  remove(name: string): void {
    this.files.delete(name)
  }

  /** What still lacks a part, in a sentence; null where nothing does. */
  lacking(): string | null {
    const judges = this.judges()
    for (const { name, spec } of judges) {
      const [file] = missing(spec, this.files)
      if (file) return `${name} describes a judge whose model is ${file}: bring that file too.`
    }
    const named = new Set(judges.flatMap(({ spec }) => models(spec)))
    const lone = [...this.files.keys()].find(name => !name.endsWith('.json') && !named.has(name))
    return lone
      ? `${lone} needs a description that says how it wants to see images: bring the JSON file that names it too.`
      : null
  }

  private judges(): { name: string; spec: JudgeSpec }[] {
    return [...this.files].flatMap(([name, bytes]) =>
      name.endsWith('.json') ? [{ name, spec: parseJudgeSpec(parseJson(bytes, name), name) }] : [],
    )
  }
}

const models = ({ model, text }: JudgeSpec) => (text ? [model, text.model] : [model])

const missing = (spec: JudgeSpec, files: ReadonlyMap<string, unknown>) =>
  models(spec).filter(file => !files.has(file))

/**
 * Whether bytes can be a protobuf message with ONNX's first fields: ir_version (1, a number), producer_name (2) … graph
 * (7). What ONNX Runtime would say of others is no sentence for people.
 */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [tag] = bytes
  return bytes.length > 16 && [0x08, 0x12, 0x1a, 0x22, 0x3a, 0x42].includes(tag)
}
