/** Whether somebody wishes that nothing moves by itself. */
export const lessMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches
