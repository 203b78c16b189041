// Tasks whose question is linear in the image: the network answers them without making any candidate's image.
//
// Every function takes pictures of which the guide keeps a part: one for all results, or one for each of them.
// Pixels are in [−1, 1]. The score is −‖M x − wanted‖², and what M is stands above every function.

import { random } from '../../data/rng.ts'
import type { LinearGuide } from '../guide.ts'
import { checkMask } from '../masks.ts'
import { greyMap, measure, measured, visibleMap } from '../measure.ts'
import { countOf, type Pictures } from '../pictures.ts'

/** The picture itself: M x = x. */
export function reconstruct(pictures: Pictures): LinearGuide {
  return measure([], measured([], pictures), 'reconstruct')
}

/**
 * A picture of which only the means over areas are known: M x = area averages.
 *
 * @param factor  how much larger the result's side is, from 2 to its size; the means stand on size / factor,
 *   rounded
 * @param size  of the result; pictures of that size are averaged, smaller ones are the averages
 */
export function superResolve(pictures: Pictures, factor: number, size = pictures.size): LinearGuide {
  if (!(factor >= 2 && factor <= size))
    throw new Error(
      `super-resolve: factor is ${factor}; it must be from 2 to ${size}, the size of the result`,
    )
  const low = lowSize(size, factor)
  const map = { map: 'area', size: low } as const
  if (pictures.size === size) return measure([map], measured([map], pictures), 'super-resolve')
  if (pictures.size !== low)
    throw new Error(
      `super-resolve: factor ${factor} makes ${size}×${size} from ${low}×${low}; the picture is ` +
        `${pictures.size}×${pictures.size}`,
    )
  return measure([map], measured([], pictures), 'super-resolve')
}

/** The side of the small picture behind one of `size`. */
export function lowSize(size: number, factor: number): number {
  return Math.max(1, Math.round(size / factor))
}

/**
 * A picture with a hole: M x = x where it is known. Squared errors are weighted by 1 − mask.
 *
 * @param mask  [s, s], 1 where the picture is hidden and to be filled, 0 where it is known; see masks.ts
 */
export function inpaint(pictures: Pictures, mask: Float32Array): LinearGuide {
  const map = visibleMap(checkMask(mask, pictures.size))
  return measure([map], measured([map], pictures), 'inpaint')
}

/**
 * Colours for a grey picture: M x = Rec. 601 luminance of x, which has 3 channels. Of RGB pictures it is
 * taken.
 */
export function colourise(pictures: Pictures): LinearGuide {
  const grey = measured(pictures.channels === 3 ? [greyMap] : [], pictures)
  return measure([greyMap], grey, 'colourise')
}

/** A picture behind noise: M x = x, and what is wanted is noisy. `addNoise` makes such a picture. */
export function denoise(noisy: Pictures): LinearGuide {
  return measure([], measured([], noisy), 'denoise')
}

/** The pictures plus normal noise of deviation sigma, not cut off: another one for every picture and seed. */
export function addNoise(pictures: Pictures, sigma: number, seed: number): Pictures {
  countOf(pictures)
  if (!(sigma >= 0 && sigma < Infinity))
    throw new Error(`denoise: sigma is ${sigma}; it must be a number from 0`)
  const rng = random(seed, 'noise')
  return { ...pictures, images: pictures.images.map(value => value + sigma * rng.normal()) }
}

/** A picture of few shades: M x = x, and what is wanted is rounded to `levels` values from −1 to 1. */
export function lowBit(pictures: Pictures, levels = 4): LinearGuide {
  if (!Number.isInteger(levels) || levels < 2 || levels > 256)
    throw new Error(`low-bit: levels is ${levels}; it must be a whole number from 2 to 256`)
  const step = 2 / (levels - 1)
  const wanted = measured([], pictures).map(
    value => Math.round((Math.min(1, Math.max(-1, value)) + 1) / step) * step - 1,
  )
  return measure([], wanted, 'low-bit')
}
