/** What this project uses of gifenc 1.0.3, which comes without types. */
declare module 'gifenc' {
  interface FrameOptions {
    /** Colours [r, g, b] in 0 … 255; required on the first frame. */
    palette?: number[][]
    /** Milliseconds, in steps of ten. */
    delay?: number
    /** 0 for ever, −1 once. */
    repeat?: number
    transparent?: boolean
    transparentIndex?: number
    /** 1 leaves the frame in place under the next. */
    dispose?: number
  }

  interface Encoder {
    writeFrame(index: Uint8Array, width: number, height: number, options?: FrameOptions): void
    finish(): void
    bytes(): Uint8Array
  }

  export function GIFEncoder(): Encoder
  /** Node sees the CommonJS build, whose names all sit on the default export. */
  const gifenc: { GIFEncoder?: typeof GIFEncoder }
  export default gifenc
}
