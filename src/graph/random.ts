// Random numbers as part of the graph: a hash of (seed, position), so the same seed gives the same numbers
// on every device, and a step needs no hidden state.

import { add, asTensor, cast, cos, log, mul, neg, sqrt } from './elementwise.ts'
import { reshape, slice } from './shape.ts'
import { apply, constant, sizeOf, type Tensor } from './tensor.ts'

/**
 * [count] of 24 random bits as float32 in [0, 1): SplitMix64 of seed + position, its upper bits.
 * Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
function bits(seed: Tensor, count: number): Tensor {
  if (seed.dtype !== 'int64') throw new Error(`random: the seed is ${seed.dtype}, not int64`)
  const positions = constant(BigInt64Array.from({ length: count }, (_, i) => BigInt(i + 1)))
  const wrap = (value: bigint) => constant(BigInt64Array.of(BigInt.asIntN(64, value)), [])
  const seeded = add(
    mul(reshape(seed, []), wrap(0xd1342543de82ef95n)),
    mul(positions, wrap(0x9e3779b97f4a7c15n)),
  )
  let z = seeded
  for (const [shift, factor] of [
    [30n, 0xbf58476d1ce4e5b9n],
    [27n, 0x94d049bb133111ebn],
  ] as const)
    z = mul(xor(z, shiftRight(z, shift)), wrap(factor))
  z = xor(z, shiftRight(z, 31n))
  return mul(cast(shiftRight(z, 40n), 'float32'), 2 ** -24)
}

function shiftRight(x: Tensor, by: bigint): Tensor {
  const amount = constant(BigUint64Array.of(by), [])
  const shifted = apply('BitShift', [cast(x, 'uint64'), amount], x.shape, 'uint64', {
    attributes: { direction: 'RIGHT' },
  })
  return cast(shifted, 'int64')
}

function xor(a: Tensor, b: Tensor): Tensor {
  return apply('BitwiseXor', [a, b], a.shape, 'int64')
}

/** Uniform in [0, 1), float32, from an int64 seed (shape [] or [1]). */
export function randomUniform(seed: Tensor, shape: readonly number[]): Tensor {
  return reshape(bits(seed, sizeOf(shape)), shape)
}

/** Standard normal, float32, from an int64 seed, by Box and Muller: √(−2 ln u) cos 2πv with u in (0, 1]. */
export function randomNormal(seed: Tensor, shape: readonly number[]): Tensor {
  const count = sizeOf(shape)
  const uniform = bits(seed, 2 * count)
  const radius = sqrt(mul(log(add(neg(slice(uniform, 0, 0, count)), asTensor(1))), -2))
  return reshape(mul(radius, cos(mul(slice(uniform, 0, count, 2 * count), 2 * Math.PI))), shape)
}
