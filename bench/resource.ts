// Peak memory of this process in MB.
export const resource = () => Math.round(process.resourceUsage().maxRSS / 1e3)
