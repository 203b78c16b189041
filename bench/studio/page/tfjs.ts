// What is used of TensorFlow.js, which is no dependency of the project: the page loads it as scripts, into `tf`.

export interface Tensor {
  readonly shape: number[]
  data(): Promise<Float32Array | Int32Array>
  dispose(): void
}

type Binary = (a: Tensor, b: Tensor | number) => Tensor
type Unary = (x: Tensor) => Tensor
type Padding = 'same' | 'valid'

export interface TensorFlow {
  setBackend(name: 'wasm'): Promise<boolean>
  getBackend(): string
  env(): { getAsync(flag: string): Promise<boolean | number | string> }
  wasm: {
    setWasmPaths(prefix: string): void
    setThreadsCount(count: number): void
    getThreadsCount(): number
  }
  tidy<T>(work: () => T): T
  tensor(values: Float32Array, shape: readonly number[]): Tensor
  add: Binary
  sub: Binary
  mul: Binary
  square: Unary
  rsqrt: Unary
  relu: Unary
  sigmoid: Unary
  sum(x: Tensor, axis: number): Tensor
  argMin(x: Tensor, axis: number): Tensor
  gather(x: Tensor, indices: Tensor): Tensor
  stack(tensors: Tensor[], axis: number): Tensor
  tile(x: Tensor, times: number[]): Tensor
  reshape(x: Tensor, shape: number[]): Tensor
  transpose(x: Tensor, order: number[]): Tensor
  depthToSpace(x: Tensor, block: number): Tensor
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor
  avgPool(x: Tensor, window: number | [number, number], stride: number, padding: Padding): Tensor
  conv2d(x: Tensor, kernel: Tensor, stride: number, padding: Padding): Tensor
  image: {
    resizeNearestNeighbor(x: Tensor, size: [number, number]): Tensor
    resizeBilinear(
      x: Tensor,
      size: [number, number],
      alignCorners: boolean,
      halfPixelCentres: boolean,
    ): Tensor
  }
}
