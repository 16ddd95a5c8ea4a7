/** Never shaken out: it is called. */
export const circle = (radius: number) => Math.PI * radius * radius;
/** Shaken out: nobody imports it. */
export const sphere = (radius: number) => (4 / 3) * circle(radius) * radius;
