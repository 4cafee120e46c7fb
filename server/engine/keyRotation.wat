;; Multiplies 32-bit floats at the start of memory by Hadamard matrices: a Walsh-Hadamard transform of 128-bit vectors.
(module
  (memory (export "memory") 1)

  ;; Transforms each `size` bytes of the first `bytes`, then multiplies them by `scale`. `size` is a power of two and 16
  ;; at least.
  (func (export "rotate") (param $bytes i32) (param $size i32) (param $scale f32)
    (local $head i32) (local $half i32) (local $at i32) (local $end i32) (local $stop i32)
    (local $a v128) (local $b v128)
    (loop $heads
      (local.set $stop (i32.add (local.get $head) (local.get $size)))
      (local.set $half (i32.shr_u (local.get $size) (i32.const 1)))
      (block $narrow
        (loop $halves
          (br_if $narrow (i32.lt_u (local.get $half) (i32.const 16)))
          (local.set $at (local.get $head))
          (loop $pairs
            (local.set $end (i32.add (local.get $at) (local.get $half)))
            (loop $pair
              (local.set $a (v128.load (local.get $at)))
              (local.set $b (v128.load (i32.add (local.get $at) (local.get $half))))
              (v128.store (local.get $at) (f32x4.add (local.get $a) (local.get $b)))
              (v128.store (i32.add (local.get $at) (local.get $half)) (f32x4.sub (local.get $a) (local.get $b)))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br_if $pair (i32.lt_u (local.get $at) (local.get $end))))
            (local.set $at (i32.add (local.get $at) (local.get $half)))
            (br_if $pairs (i32.lt_u (local.get $at) (local.get $stop))))
          (local.set $half (i32.shr_u (local.get $half) (i32.const 1)))
          (br $halves)))
      ;; The last two steps lie within vectors: a pair of values, then one, takes the place of its neighbours.
      (local.set $at (local.get $head))
      (loop $vectors
        (local.set $a (v128.load (local.get $at)))
        (local.set $a
          (f32x4.add
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))
            (f32x4.mul (local.get $a) (v128.const f32x4 1 1 -1 -1))))
        (local.set $a
          (f32x4.add
            (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $a) (local.get $a))
            (f32x4.mul (local.get $a) (v128.const f32x4 1 -1 1 -1))))
        (v128.store (local.get $at) (f32x4.mul (local.get $a) (f32x4.splat (local.get $scale))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $vectors (i32.lt_u (local.get $at) (local.get $stop))))
      (local.set $head (local.get $stop))
      (br_if $heads (i32.lt_u (local.get $head) (local.get $bytes))))))
