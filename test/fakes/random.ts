/** Seeded numbers for tests, so that a failing random test fails again. */
export { randomNumbers as seeded } from "../../server/draft/random.ts";

export const below = (random: () => number, limit: number) => Math.floor(random() * limit);
