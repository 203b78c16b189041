/** CIFAR-10 in its binary form: records of one label and 3 × 32 × 32 bytes, parsed on any platform. */

import type { RawImages } from './resize.ts'

/** The ten classes of CIFAR-10 (Krizhevsky 2009), in the order of the labels. */
export const cifar10Classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]

const area = 3 * 32 * 32
const record = 1 + area

/**
 * Reads one or more batch files, in order.
 *
 * @param files  each a name, for error messages, and its bytes: [n, 1 + 3072], label first, then planes R,
 *   G, B
 * @returns pixels [count, 3, 32, 32] and labels [count] in 0..9
 */
export function parseCifar10(
  files: { file: string; bytes: Uint8Array }[],
): RawImages & { labels: Int32Array } {
  let count = 0
  for (const { file, bytes } of files) {
    if (bytes.length === 0 || bytes.length % record !== 0) {
      const rest = bytes.length % record
      throw new Error(
        `${file}: ${bytes.length} bytes are no whole number of ${record}-byte CIFAR-10 records ` +
          (bytes.length
            ? `(${rest} left over: is the file truncated, or not the binary version?)`
            : '(it is empty)'),
      )
    }
    count += bytes.length / record
  }
  const pixels = new Uint8Array(count * area)
  const labels = new Int32Array(count)
  let n = 0
  for (const { file, bytes } of files) {
    for (let from = 0; from < bytes.length; from += record, n++) {
      if (bytes[from] > 9) {
        throw new Error(
          `${file}: label ${bytes[from]} in record ${from / record}, CIFAR-10 labels are 0 to 9`,
        )
      }
      labels[n] = bytes[from]
      pixels.set(bytes.subarray(from + 1, from + record), n * area)
    }
  }
  return { count, channels: 3, rows: 32, cols: 32, pixels, labels }
}
