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
export { adjustedRandIndex, clusterScores, normalisedMutualInformation, purity } from './eval/clustering.ts'
export { type FeatureNetwork, type FeatureOptions, openFeatures } from './eval/features.ts'
export { frechetDistance, Moments } from './eval/frechet.ts'
export { fitKMeans, nearestCentres } from './eval/k-means.ts'
export { type PrecisionRecall, precisionRecall } from './eval/precision-recall.ts'
export { precisionAt, type Retrieval } from './eval/retrieval.ts'
export { fitRvq, type Rvq } from './eval/rvq.ts'
export { fileReader, openJudgeFile } from './guides/judge-files.ts'
export { type ClusterOptions, gatherClusters } from './report/cluster-gather.ts'
export { clusterPage } from './report/cluster-page.ts'
export { type DensityGifOptions, densityGif } from './report/gif.ts'
export { writeReport } from './report/report.ts'
export { type GatherTreeOptions, gatherTree } from './report/tree-gather.ts'
export { treePage } from './report/tree-page.ts'
export { treeSvg } from './report/tree-svg.ts'
export { collect, picturesOfDataset, picturesOfFiles } from './search/collect.ts'
export { type ImageIndex, openIndex, openIndexToAdd } from './search/image-index.ts'
export { type Found, Search, type SearchOptions, type SearchWay } from './search/search.ts'
export { type CodedOptions, codedData } from './train/coded-data.ts'
export { type FinetuneOptions, finetune } from './train/finetune.ts'
export { keepPrior, priorOf } from './train/priors.ts'
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
