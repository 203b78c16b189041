// How the reader of `.ddn` files stands damaged and hostile ones: 10,000 files, each read as `decode` does and as
// `decode --recover` does, without a network. It fails where a picture comes back wrong, or an error is none of its own.
//   npx tsx bench/codec-fuzz.ts [count] [seed]

import { encodePath } from '../src/codec/arithmetic.ts'
import { BitWriter, ByteReader, ByteWriter } from '../src/codec/bits.ts'
import { type CodedPrior, DdnFile, writeDdn } from '../src/codec/container.ts'
import { DdnError } from '../src/codec/header.ts'
import { tileGrid } from '../src/codec/tiles.ts'
import type { Prior } from '../src/codes/prior.ts'
import { crc32 } from '../src/data/bytes.ts'
import { random } from '../src/data/rng.ts'

const count = Number(process.argv[2] ?? 10_000)
const rng = random(Number(process.argv[3] ?? 0), 'fuzz')
const largest = watchAllocations()

/** A prior by which the first codes are the likeliest. */
const K = [16, 16, 5, 300]
const falling = K.map(k => {
  const weights = Float64Array.from({ length: k }, (_, code) => 1 / (1 + code))
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map(weight => weight / sum)
})
const prior: Prior = {
  name: 'falling',
  K,
  walk() {
    let layer = 0
    return { probabilities: () => falling[layer], take: () => void layer++ }
  },
}
const coded: CodedPrior = { prior, fingerprint: new Uint8Array(8) }

const originals = Array.from({ length: 8 }, (_, i) => original(i))
const kinds = { truncate, flip, splice, noise, fields, claims }
type Kind = keyof typeof kinds
type Outcome = { refused: number; recovered: number; whole: number }
const outcomes = new Map<Kind, Outcome>()
const slowest = { kind: '', milliseconds: 0, bytes: 0 }

for (let i = 0; i < count; i++) {
  const names = Object.keys(kinds) as Kind[]
  const kind = names[i % names.length]
  const { bytes, codes } = kinds[kind]()
  const started = performance.now()
  const whole = read(bytes, codes, false)
  const parts = read(bytes, codes, true)
  const milliseconds = performance.now() - started
  if (milliseconds > slowest.milliseconds) Object.assign(slowest, { kind, milliseconds, bytes: bytes.length })
  const outcome = outcomes.get(kind) ?? { refused: 0, recovered: 0, whole: 0 }
  outcomes.set(kind, outcome)
  outcome[whole !== null ? 'whole' : parts ? 'recovered' : 'refused']++
}

console.log('| files | refused | recovered in part | read whole |')
console.log('|---|---|---|---|')
for (const [kind, { refused, recovered, whole }] of outcomes)
  console.log(`| ${kind} | ${refused} | ${recovered} | ${whole} |`)
console.log(`${count} files, none read wrongly, no error but the reader's own`)
console.log(
  `slowest: ${slowest.milliseconds.toFixed(1)} ms, a file of ${slowest.bytes} bytes of the kind ${slowest.kind}`,
)
console.log(
  `largest allocation: ${largest()} bytes; the largest file has ${Math.max(...originals.map(({ bytes }) => bytes.length))}`,
)
console.log(`peak resident memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`)

/**
 * How many images come back, or null where the file is refused.
 *
 * @param codes  what every image must be; null where an enemy sealed the file, so that it may be anything
 */
function read(bytes: Uint8Array, codes: number[][] | null, recover: boolean): number | null {
  try {
    const file = DdnFile.open(bytes, 'x.ddn', { cut: recover })
    let images = 0
    for (const image of file.codes(coded, recover ? { onDamage: () => {} } : {})) {
      if (codes && codes[image.index]?.join() !== image.codes.join())
        throw new Error(`image ${image.index} came back wrong`)
      images++
    }
    return images
  } catch (error) {
    if (error instanceof DdnError) return null
    throw error
  }
}

function original(seed: number): { bytes: Uint8Array; codes: number[][] } {
  const own = random(seed, 'originals')
  const sizes = Array.from({ length: 1 + own.int(4) }, () => ({
    count: 1 + own.int(20),
    width: 1 + own.int(40),
    height: 1 + own.int(40),
  }))
  const blockImages = 1 + own.int(16)
  const header = {
    model: Uint8Array.from({ length: 8 }, () => own.int(256)),
    prior: { name: prior.name, fingerprint: coded.fingerprint },
    ...({ K, channels: 1, size: 8, overlap: 2, blockImages, sizes } as const),
  }
  const codes: number[][] = []
  const blocks: BitWriter[] = []
  for (const { count, width, height } of sizes)
    for (let i = 0; i < count; i++) {
      if (codes.length % blockImages === 0) blocks.push(new BitWriter())
      const length = tileGrid(width, height, header).count * K.length
      const path = Array.from({ length }, (_, at) => Math.floor(K[at % K.length] * own.next() ** 3))
      for (let at = 0; at < length; at += K.length)
        encodePath(prior, path.slice(at, at + K.length), blocks[blocks.length - 1])
      codes.push(path)
    }
  const names = seed % 2 ? { names: codes.map((_, i) => `folder/${i}.png`) } : {}
  const bytes = writeDdn(
    { ...header, ...names },
    blocks.map(block => block.bytes()),
  )
  return { bytes, codes }
}

function any() {
  return originals[rng.int(originals.length)]
}

function truncate() {
  const { bytes, codes } = any()
  return { bytes: bytes.subarray(0, rng.int(bytes.length)), codes }
}

/** One to eight bits anywhere. */
function flip() {
  const { bytes, codes } = any()
  const broken = bytes.slice()
  for (let left = 1 + rng.int(8); left > 0; left--) broken[rng.int(broken.length)] ^= 1 << rng.int(8)
  return { bytes: broken, codes }
}

/** The beginning of one file and the end of another. */
function splice() {
  const [a, b] = [any(), any()]
  const head = a.bytes.subarray(0, rng.int(a.bytes.length))
  return { bytes: Uint8Array.of(...head, ...b.bytes.subarray(rng.int(b.bytes.length))), codes: a.codes }
}

/** Random bytes; half of them begin as a file does. */
function noise() {
  const bytes = Uint8Array.from({ length: rng.int(2000) }, () => rng.int(256))
  if (rng.int(2)) bytes.set([0xdd, 0x44, 0x4e, 1].slice(0, bytes.length))
  return { bytes, codes: null }
}

/** Some bytes of the header changed, and sealed again. */
function fields() {
  const { head, rest } = parts(any().bytes)
  const changed = head.slice()
  for (let left = 1 + rng.int(4); left > 0; left--) changed[rng.int(changed.length)] = rng.int(256)
  return { bytes: sealed(changed, rest), codes: null }
}

/** A number of the header, wherever one may be, replaced by a huge one, and sealed again. */
function claims() {
  const { head, rest } = parts(any().bytes)
  const at = 8 + rng.int(head.length - 8)
  const huge = new ByteWriter().number(2 ** (10 + rng.int(39))).done()
  return {
    bytes: sealed(Uint8Array.of(...head.subarray(0, at), ...huge, ...head.subarray(at + 1)), rest),
    codes: null,
  }
}

function parts(bytes: Uint8Array): { head: Uint8Array; rest: Uint8Array } {
  const reader = new ByteReader(bytes, what => {
    throw new Error(what)
  })
  reader.bytes(4, 'the magic')
  const head = reader.bytes(reader.number('the length'), 'the fields')
  return { head, rest: bytes.subarray(reader.at + 4) }
}

function sealed(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const begun = new ByteWriter().bytes([0xdd, 0x44, 0x4e, 1]).number(head.length).bytes(head)
  return begun.uint32(crc32(begun.done())).bytes(rest).done()
}

/** From now on every typed array that is made is measured; the largest so far, in bytes. */
function watchAllocations(): () => number {
  let most = 0
  for (const name of ['Uint8Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array'] as const)
    Object.assign(globalThis, {
      [name]: new Proxy(globalThis[name], {
        construct(target, given, made) {
          const array = Reflect.construct(target, given, made)
          if (!(given[0] instanceof ArrayBuffer)) most = Math.max(most, array.byteLength)
          return array
        },
      }),
    })
  return () => most
}
