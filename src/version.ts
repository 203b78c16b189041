// The version of this library, as it is written into run folders, exports and pictures.

export const VERSION = '0.1.0'
