;; The index of the largest of `count` 32-bit floats, the lowest among equals.
;;
;; Two passes with 128-bit vectors: the first finds the largest value, the second where it first stands.
;; Both read memory in order, which is as fast as memory allows; keeping indices along with values in one
;; pass costs more than the second pass. The row starts at address 0 and is padded by its owner with
;; -infinity to a multiple of 16 floats, so there is no tail to treat apart.
(module
  (memory (export "memory") 1)

  ;; bytes: length of the padded row in bytes, a multiple of 64. Returns -1 if no element equals the
  ;; largest, which only a row with a NaN can bring about.
  (func (export "argmax") (param $bytes i32) (result i32)
    (local $at i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $mask i32)
    (local.set $a (f32x4.splat (f32.const -inf)))
    (local.set $b (local.get $a))
    (local.set $c (local.get $a))
    (local.set $d (local.get $a))
    (loop $largest
      (local.set $a (f32x4.pmax (local.get $a) (v128.load (local.get $at))))
      (local.set $b (f32x4.pmax (local.get $b) (v128.load offset=16 (local.get $at))))
      (local.set $c (f32x4.pmax (local.get $c) (v128.load offset=32 (local.get $at))))
      (local.set $d (f32x4.pmax (local.get $d) (v128.load offset=48 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $largest (i32.lt_u (local.get $at) (local.get $bytes))))
    (local.set $a
      (f32x4.pmax
        (f32x4.pmax (local.get $a) (local.get $b))
        (f32x4.pmax (local.get $c) (local.get $d))))
    ;; All four lanes become the largest of the four.
    (local.set $a
      (f32x4.pmax (local.get $a)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))))
    (local.set $a
      (f32x4.pmax (local.get $a)
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $a) (local.get $a))))
    (local.set $at (i32.const 0))
    (loop $find
      (local.set $mask
        (i32x4.bitmask (f32x4.eq (local.get $a) (v128.load (local.get $at)))))
      (if (local.get $mask)
        (then
          (return
            (i32.add
              (i32.shr_u (local.get $at) (i32.const 2))
              (i32.ctz (local.get $mask))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $find (i32.lt_u (local.get $at) (local.get $bytes))))
    (i32.const -1)))
