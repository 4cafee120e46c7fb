/**
 * Gives freed memory back to the system. glibc keeps a heap for each thread. Each time a large block is freed, it raises the
 * size up to which blocks come from these heaps. So a server that has loaded a tokenizer in another thread or dropped a saved
 * state would keep that memory: 130 MB without a model (mallopt(3)).
 */

/** `M_TRIM_THRESHOLD`, `M_MMAP_THRESHOLD` and `M_ARENA_MAX` of `malloc.h`. */
const OPTION = { trimThreshold: -1, mmapThreshold: -3, mostArenas: -8 } as const;
/** Blocks of this size are mapped by themselves and unmapped when they are freed; as much may stay at a heap's end. */
const LARGE_BYTES = 1 << 20;
/** Heaps for all threads together: one that computes and one that does not. */
const ARENAS = 2;

/** @param setOption glibc's `mallopt`; holds for the whole process from now on */
export function limitAllocator(setOption: (option: number, value: number) => number): void {
  setOption(OPTION.mmapThreshold, LARGE_BYTES);
  setOption(OPTION.trimThreshold, LARGE_BYTES);
  setOption(OPTION.mostArenas, ARENAS);
}
