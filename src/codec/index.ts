// Images as `.ddn` files: codes of a network, counted by a prior. All of it runs in browsers.

export { cumulated, decodePath, decodePrefix, encodePath } from './arithmetic.ts'
export { BitWriter } from './bits.ts'
export {
  type CodedPrior,
  type DamagedBlock,
  DdnFile,
  type ImageCodes,
  type ReadOptions,
  writeDdn,
} from './container.ts'
export { checkModel, type DecodedPicture, type DecodeOptions, decodeImages } from './decode.ts'
export {
  checkUnconditional,
  type Encoded,
  type EncodeOptions,
  encodeImages,
  type NamedPicture,
} from './encode.ts'
export { DdnError, type DdnHeader, type SizeRun } from './header.ts'
export { fileNames } from './names.ts'
export { type FloatPicture, type Tiling, tileGrid } from './tiles.ts'
