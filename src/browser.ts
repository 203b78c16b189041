// The library as browsers get it: whatever reaches the file system, sharp or native code stays out of here, and so
// does CommonJS (gifenc): bundlers then put their helpers for it into the page's own script, ONNX Runtime's module
// imports them from there, and its threads, which begin by loading that module, fail for want of a document.

export * from './codec/index.ts'
export { countsPrior } from './codes/counts.ts'
export { markovPrior } from './codes/markov.ts'
export { fitShares, mixedPrior, type Shares } from './codes/mixture.ts'
export {
  bitsOfPaths,
  complete,
  type DrawOptions,
  drawCodes,
  type Prior,
  uniformPrior,
} from './codes/prior.ts'
export { type TransformerConfig, transformerLayout, transformerPrior } from './codes/transformer.ts'
export {
  type TrainedTransformer,
  type TransformerOptions,
  trainTransformer,
} from './codes/transformer-training.ts'
export { type Child, CodeTree } from './codes/tree.ts'
export { type ChangeOrder, interpolate, type MutateOptions, mutate } from './codes/variations.ts'
export { cifar10Classes, parseCifar10 } from './data/cifar10.ts'
export { type Dataset, type Images, splitByKey, subset, toFloat } from './data/dataset.ts'
export { type Idx, type IdxOptions, parseIdx } from './data/idx.ts'
export { batches, type Rng, random, type Sampler } from './data/rng.ts'
export {
  bitsOf,
  type DdnConfig,
  ddnSchema,
  type LayerSpec,
  layersOf,
  type Stage,
  stageSchema,
} from './ddn/config.ts'
export * from './ddn/density.ts'
export { bins, type DensityName, density, densityNames } from './ddn/density-targets.ts'
export { fingerprint, fingerprintOf } from './ddn/fingerprint.ts'
export { DdnModel, type DdnModelOptions, type SampleOptions } from './ddn/model.ts'
export { type Preset, type PresetName, presetNames, presets } from './ddn/presets.ts'
export { decoder, encoder, type InferenceOptions, layoutOf, trainingStep } from './ddn/program.ts'
export * from './ddn/split-and-prune.ts'
export { type Augmentation, type ClassifierConfig, classifierSchema } from './families/classifier/config.ts'
export { exportClassifier } from './families/classifier/export.ts'
export { Classifier } from './families/classifier/model.ts'
export { TextImageModel } from './families/text-image/model.ts'
export * from './graph/index.ts'
export * from './guides/index.ts'
export type { Evaluation, Metric, RowCopy, Usage } from './nn/learner.ts'
export { Layout } from './nn/parameters.ts'
export { type GridOptions, grid, type Picture } from './report/grid.ts'
export { decodePngText, encodePng } from './report/png.ts'
export { type ImageTree, NodePainter } from './report/tree-images.ts'
export { gridFor, layoutTree, spiral, type TreeLayout, type TreeLayoutOptions } from './report/tree-layout.ts'
export { backgroundFor, treePicture } from './report/tree-picture.ts'
export * from './runtime/index.ts'
export { type CodedData, codesFile, readCodes } from './train/codes-file.ts'
export {
  type ConfigOf,
  families,
  type ModelName,
  type ModelOf,
  type TrainConfig,
  type TrainConfigInput,
  trainSchema,
} from './train/families.ts'
export * from './train/log.ts'
export { loadModel } from './train/model-file.ts'
export {
  countedPrior,
  evenPrior,
  type NamedPrior,
  type PriorName,
  priorNames,
  trainedPrior,
} from './train/named-prior.ts'
export { priorFile, readPrior, type TransformerFile } from './train/prior-file.ts'
export {
  type ClassifierOptions,
  ConfigError,
  classifier,
  type DdnOptions,
  ddn,
  type Model,
  resolveConfig,
  type TextImageOptions,
  textImage,
} from './train/resolve.ts'
export {
  readSafetensors,
  type Safetensors,
  type StoredTensor,
  writeSafetensors,
} from './train/safetensors.ts'
export { type AnyRun, Run, type TrainOptions, train } from './train/train.ts'
export {
  DivergenceError,
  type StepReport,
  Trainer,
  type TrainerState,
  type Vectors,
} from './train/trainer.ts'
export { modelFile, readModel, readState, stateFile } from './train/weights.ts'
export { VERSION } from './version.ts'
