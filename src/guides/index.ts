// Guides: what steers a network while it chooses. All of it runs in browsers; judge-files.ts is for Node.

export { combine } from './combine.ts'
export { type CompiledOptions, compared, compiled } from './compiled.ts'
export { type Edited, type EditOptions, Editor, edit, type LayerImages } from './edit.ts'
export { closeGuide, type GuideContext, guideFromSpec } from './from-spec.ts'
export * from './guide.ts'
export { type Judge, openJudge, type ReadFile } from './judge.ts'
export {
  certainGuide,
  classGuide,
  judgedStyle,
  type Label,
  similarGuide,
  vectorGuide,
} from './judge-guides.ts'
export { type JudgeSpec, type JudgeSpecInput, judgeSchema, parseJudgeSpec } from './judge-spec.ts'
export { textGuide } from './judge-text.ts'
export { type MaskName, maskFromPicture, maskNames, namedMask } from './masks.ts'
export { greyMap, measure, measured, visibleMap } from './measure.ts'
export type { PickRule } from './pick.ts'
export { fitPictures, type ImageShape, type Pictures } from './pictures.ts'
export { classReward } from './reward.ts'
export { decodeRgba, type RgbaPicture } from './rgba.ts'
export {
  type GuideName,
  type GuideSpecInput,
  guideNames,
  guideSchema,
  parseGuideSpec,
  severalSchema,
} from './spec.ts'
export {
  addNoise,
  colourise,
  denoise,
  inpaint,
  lowBit,
  reconstruct,
  superResolve,
} from './tasks/linear.ts'
export { edges, reconstructL1 } from './tasks/perceptual.ts'
export { strokes } from './tasks/strokes.ts'
export { style } from './tasks/style.ts'
