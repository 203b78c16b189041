// Graphs of symbolic tensors: operators, gradients, and the ONNX model that they become.

export * from './conv.ts'
export * from './elementwise.ts'
export * from './gradient.ts'
export * from './matmul.ts'
export * from './norm.ts'
export * from './onnx.ts'
export * from './random.ts'
export * from './reduce.ts'
export * from './resize.ts'
export * from './shape.ts'
export * from './tensor.ts'
