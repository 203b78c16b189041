// The library as Node gets it: what browsers get, and what needs files. `train` also takes a folder here.

export * from './browser.ts'
export { loadCifar10 as cifar10 } from './data/cifar10-files.ts'
export { loadDigits as digits } from './data/digits.ts'
export { loadEmoji as emoji } from './data/emoji.ts'
export { loadFolder as folder } from './data/folder.ts'
export { loadIdx as idx } from './data/idx-files.ts'
export { dataSpecs, type LoadOptions, loadDataset } from './data/load.ts'
export { findModel, modelsFolder } from './data/shipped.ts'
export { loadZip as zip } from './data/zip.ts'
export { fileReader, openJudgeFile } from './guides/judge-files.ts'
export { type DensityGifOptions, densityGif } from './report/gif.ts'
export { writeReport } from './report/report.ts'
export { type CodedOptions, codedData } from './train/coded-data.ts'
export { type FinetuneOptions, finetune } from './train/finetune.ts'
export { type NamedPrior, type PriorName, priorNames, priorOf } from './train/priors.ts'
export {
  type AnyFolderRun,
  type FolderOptions,
  FolderRun,
  type Made,
  type OpenOptions,
  openRun,
  readConfig,
  runFiles,
  train,
  trainInFolder,
} from './train/run.ts'
