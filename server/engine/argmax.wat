;; The largest of the 32-bit floats at the start of memory, and where a value first stands; the largest of each
;; block of them, by which its owner finds where the few largest stand; and the sum of their exponentials.
;;
;; All walk memory in order with 128-bit vectors, which is as fast as memory allows; keeping indices along
;; with values in one pass costs more than the second pass. The owner pads the floats with -infinity to a
;; multiple of 64, so there is no tail to treat apart. `bytes` is the padded length, a multiple of 256.
(module
  (memory (export "memory") 1)

  ;; The largest value, NaN passed over; -infinity if there is no number.
  (func (export "largest") (param $bytes i32) (result f32)
    (local $at i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $a (f32x4.splat (f32.const -inf)))
    (local.set $b (local.get $a))
    (local.set $c (local.get $a))
    (local.set $d (local.get $a))
    (loop $more
      (local.set $a (f32x4.pmax (local.get $a) (v128.load (local.get $at))))
      (local.set $b (f32x4.pmax (local.get $b) (v128.load offset=16 (local.get $at))))
      (local.set $c (f32x4.pmax (local.get $c) (v128.load offset=32 (local.get $at))))
      (local.set $d (f32x4.pmax (local.get $d) (v128.load offset=48 (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $more (i32.lt_u (local.get $at) (local.get $bytes))))
    (local.set $a
      (f32x4.pmax
        (f32x4.pmax (local.get $a) (local.get $b))
        (f32x4.pmax (local.get $c) (local.get $d))))
    ;; The larger of each half, then of the two that are left.
    (local.set $a
      (f32x4.pmax (local.get $a)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))))
    (f32x4.extract_lane 0
      (f32x4.pmax (local.get $a)
        (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $a) (local.get $a)))))

  ;; The first index that holds `value`, or -1.
  (func (export "indexOf") (param $bytes i32) (param $value f32) (result i32)
    (local $at i32)
    (local $wanted v128)
    (local $mask i32)
    (local.set $wanted (f32x4.splat (local.get $value)))
    (loop $more
      (local.set $mask
        (i32x4.bitmask (f32x4.eq (local.get $wanted) (v128.load (local.get $at)))))
      (if (local.get $mask)
        (then
          (return
            (i32.add
              (i32.shr_u (local.get $at) (i32.const 2))
              (i32.ctz (local.get $mask))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $at) (local.get $bytes))))
    (i32.const -1))

  ;; Writes the largest of each 64 floats to `to` and on, NaN passed over.
  (func (export "maxima") (param $bytes i32) (param $to i32)
    (local $at i32)
    (local $end i32)
    (local $a v128) (local $b v128)
    (loop $block
      (local.set $a (f32x4.splat (f32.const -inf)))
      (local.set $b (local.get $a))
      (local.set $end (i32.add (local.get $at) (i32.const 256)))
      (loop $more
        (local.set $a (f32x4.pmax (local.get $a) (v128.load (local.get $at))))
        (local.set $b (f32x4.pmax (local.get $b) (v128.load offset=16 (local.get $at))))
        (local.set $a (f32x4.pmax (local.get $a) (v128.load offset=32 (local.get $at))))
        (local.set $b (f32x4.pmax (local.get $b) (v128.load offset=48 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $a (f32x4.pmax (local.get $a) (local.get $b)))
      (local.set $a
        (f32x4.pmax (local.get $a)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $a) (local.get $a))))
      (f32.store (local.get $to)
        (f32x4.extract_lane 0
          (f32x4.pmax (local.get $a)
            (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $a) (local.get $a)))))
      (local.set $to (i32.add (local.get $to) (i32.const 4)))
      (br_if $block (i32.lt_u (local.get $at) (local.get $bytes)))))

  ;; The sum of e^(x - shift) over the floats, none of which is above `shift`; NaN counts nothing. A power of two is
  ;; its whole part as the exponent of a float, times a polynomial for the rest, which is off by less than 1e-5.
  (func (export "sumExp") (param $bytes i32) (param $shift f32) (result f32)
    (local $at i32)
    (local $shifts v128) (local $sum v128) (local $y v128) (local $whole v128)
    (local.set $shifts (f32x4.splat (local.get $shift)))
    (loop $more
      ;; -126 stands for all that is too small for a float: 64 of them add nothing to a sum of at least 1.
      (local.set $y
        (f32x4.pmax (f32x4.splat (f32.const -126))
          (f32x4.mul
            (f32x4.sub (v128.load (local.get $at)) (local.get $shifts))
            (f32x4.splat (f32.const 1.44269504)))))
      (local.set $whole (f32x4.nearest (local.get $y)))
      (local.set $y (f32x4.sub (local.get $y) (local.get $whole)))
      (local.set $sum
        (f32x4.add (local.get $sum)
          (f32x4.mul
            (i32x4.shl
              (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $whole)) (i32x4.splat (i32.const 127)))
              (i32.const 23))
            (f32x4.add (f32x4.splat (f32.const 1))
              (f32x4.mul (local.get $y)
                (f32x4.add (f32x4.splat (f32.const 0.69314718))
                  (f32x4.mul (local.get $y)
                    (f32x4.add (f32x4.splat (f32.const 0.24022651))
                      (f32x4.mul (local.get $y)
                        (f32x4.add (f32x4.splat (f32.const 0.05550411))
                          (f32x4.mul (local.get $y)
                            (f32x4.add (f32x4.splat (f32.const 0.00961813))
                              (f32x4.mul (local.get $y)
                                (f32x4.splat (f32.const 0.00133336)))))))))))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $at) (local.get $bytes))))
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
      (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum))))))
