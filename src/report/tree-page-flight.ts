/** The way of a camera from one part of a large picture to another. */

/** What is seen: the middle, and how much of the picture the shorter side of the window shows. */
export interface View {
  x: number
  y: number
  width: number
}

/**
 * The way that changes what is seen most evenly: out, across and in again, as far out as the distance asks for.
 * Source: van Wijk and Nuij, "Smooth and efficient zooming and panning", InfoVis 2003, equation 9, with ρ² = 2.
 *
 * Its text is also part of a page: it must name nothing but its own arguments and what every browser has.
 *
 * @returns the view at t in [0, 1], and the length of the way, about 1 for a factor of 4
 */
export function flight(from: View, to: View): { length: number; at(t: number): View } {
  const rho = Math.SQRT2
  const distance = Math.hypot(to.x - from.x, to.y - from.y)
  if (distance < 1e-6 * from.width) {
    const ratio = to.width / from.width
    return {
      length: Math.abs(Math.log(ratio)) / rho,
      at: t => ({
        x: from.x + (to.x - from.x) * t,
        y: from.y + (to.y - from.y) * t,
        width: from.width * ratio ** t,
      }),
    }
  }
  const across = rho ** 4 * distance ** 2
  const change = to.width ** 2 - from.width ** 2
  const b0 = (change + across) / (2 * from.width * rho ** 2 * distance)
  const b1 = (change - across) / (2 * to.width * rho ** 2 * distance)
  const r0 = Math.asinh(-b0)
  const r1 = Math.asinh(-b1)
  const length = (r1 - r0) / rho
  return {
    length,
    at: t => {
      const r = r0 + rho * length * t
      const share = (from.width * (Math.cosh(r0) * Math.tanh(r) - Math.sinh(r0))) / (rho ** 2 * distance)
      return {
        x: from.x + (to.x - from.x) * share,
        y: from.y + (to.y - from.y) * share,
        width: (from.width * Math.cosh(r0)) / Math.cosh(r),
      }
    },
  }
}
