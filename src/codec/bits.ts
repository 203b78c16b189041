// Bytes as a row of bits, the highest of each byte first, and as numbers of few or many bytes.

/** Bits one after the other. */
export class BitWriter {
  /** Bits so far. */
  length = 0
  private room = new Uint8Array(64)

  push(bit: number): void {
    const byte = this.length >>> 3
    if (byte === this.room.length) {
      const wider = new Uint8Array(2 * byte)
      wider.set(this.room)
      this.room = wider
    }
    this.room[byte] |= bit << (7 - (this.length & 7))
    this.length++
  }

  /** A copy, filled up with zeros to a whole byte. */
  bytes(): Uint8Array {
    return this.room.slice(0, Math.ceil(this.length / 8))
  }
}

export function bitAt(bytes: Uint8Array, at: number): number {
  return (bytes[Math.floor(at / 8)] >>> (7 - (at % 8))) & 1
}

/** Bytes one after the other; numbers take 7 bits a byte, the lowest first, or 4 bytes, the lowest first. */
export class ByteWriter {
  private readonly values: number[] = []

  bytes(values: ArrayLike<number>): this {
    for (let i = 0; i < values.length; i++) this.values.push(values[i])
    return this
  }

  /** A whole number from 0: all bytes but the last have their highest bit set. */
  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`invalid number: ${value}; give a whole number from 0`)
    for (; value > 127; value = Math.floor(value / 128)) this.values.push((value % 128) | 128)
    this.values.push(value)
    return this
  }

  uint32(value: number): this {
    return this.bytes([value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24])
  }

  done(): Uint8Array {
    return Uint8Array.from(this.values)
  }
}

/** Reads what `ByteWriter` wrote, and never beyond the end. */
export class ByteReader {
  at = 0

  /** @param fail  is told what is wrong, and throws */
  constructor(
    private readonly all: Uint8Array,
    private readonly fail: (what: string) => never,
  ) {}

  get left(): number {
    return this.all.length - this.at
  }

  /** A view of the next bytes. */
  bytes(count: number, what: string): Uint8Array {
    if (count > this.left) this.fail(`${what} should take ${count} bytes, but ${this.left} are left`)
    this.at += count
    return this.all.subarray(this.at - count, this.at)
  }

  /** A number in least … most. */
  number(what: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    // 7 bytes of 7 bits stay below 2⁵³.
    for (let i = 0, place = 1; i < 7; i++, place *= 128) {
      const [byte] = this.bytes(1, what)
      value += (byte & 127) * place
      if (byte > 127) continue
      // A zero at the top would be another way to write the same.
      if (byte === 0 && i > 0) break
      if (value < least || value > most) this.fail(`${what} is ${value}; it can be ${least} to ${most} only`)
      return value
    }
    return this.fail(`${what} is no number`)
  }

  uint32(what: string): number {
    const [a, b, c, d] = this.bytes(4, what)
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
  }
}
