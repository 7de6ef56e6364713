;; One dense layer for a block of rows, y = max(x·kernel + bias, floor), and layer normalisation, with 128-bit SIMD.
;;
;; Assembled by scripts/assemble.ts into dense-wasm.ts.
;;
;; Each row's non-zero inputs are first listed as pairs (offset of their kernel row, value): relu leaves about half of
;; a hidden layer's outputs zero, and those then cost nothing. The kernel lies in panels of 32 outputs, so that one
;; panel stays in the first-level cache while the lists of all rows are walked, each with its 32 sums in registers.
;; What is left of the outputs lies in one more panel and is summed 4 at a time.
;;
;; Products and sums are separate instructions: fused ones round differently on processors without them, and actors on
;; different machines should choose alike. A row's sums do not depend on the rows beside it.
(module
  (import "memory" "memory" (memory 1))
  (func (export "dense")
    (param $rows i32)       ;; at least 1
    (param $inputs i32)     ;; a multiple of 4, at least 4
    (param $outputs i32)    ;; a multiple of 4
    (param $x i32)          ;; [rows, inputs]; this and all below are addresses
    (param $kernel i32)     ;; panels [inputs, 32]
    (param $bias i32)       ;; [outputs]
    (param $y i32)          ;; [rows, outputs]
    (param $ends i32)       ;; room for an int32 a row: where its list ends, and the next one's begins
    (param $lists i32)      ;; room for rows · inputs + 2 pairs of 8 bytes
    (param $compress i32)   ;; [16, 16] bytes: for a mask of 4 bits, the shuffle that moves those lanes to the front
    (param $floor f32)      ;; 0: relu; -inf: none
    (local $row i32) (local $last i32) (local $row_end i32) (local $end i32) (local $pair i32) (local $mask i32)
    (local $stride i32) (local $o i32) (local $p i32) (local $out i32)
    (local $value v128) (local $offsets v128) (local $shuffle v128) (local $least v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)

    (local.set $stride (i32.shl (local.get $outputs) (i32.const 2)))
    (local.set $least (f32x4.splat (local.get $floor)))
    (local.set $last (i32.add (local.get $ends) (i32.shl (local.get $rows) (i32.const 2))))

    ;; List the non-zero inputs of all rows, 4 at a time without a branch: all 4 pairs are written, those of non-zero
    ;; inputs first, and the end moves on by the number of these.
    (local.set $end (local.get $lists))
    (local.set $row (local.get $ends))
    (loop $list
      (local.set $offsets (v128.const i32x4 0 128 256 384))
      (local.set $row_end (i32.add (local.get $x) (i32.shl (local.get $inputs) (i32.const 2))))
      (loop $input
        (local.set $value (v128.load (local.get $x)))
        (local.set $mask (i32x4.bitmask (f32x4.ne (local.get $value) (v128.const f32x4 0 0 0 0))))
        (local.set $shuffle
          (v128.load (i32.add (local.get $compress) (i32.shl (local.get $mask) (i32.const 4)))))
        (local.set $value (i8x16.swizzle (local.get $value) (local.get $shuffle)))
        (local.set $shuffle (i8x16.swizzle (local.get $offsets) (local.get $shuffle)))
        (v128.store (local.get $end)
          (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $shuffle) (local.get $value)))
        (v128.store offset=16 (local.get $end)
          (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $shuffle) (local.get $value)))
        (local.set $end (i32.add (local.get $end) (i32.shl (i32.popcnt (local.get $mask)) (i32.const 3))))
        (local.set $offsets (i32x4.add (local.get $offsets) (v128.const i32x4 512 512 512 512)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $input (i32.lt_u (local.get $x) (local.get $row_end))))
      (i32.store (local.get $row) (local.get $end))
      (local.set $row (i32.add (local.get $row) (i32.const 4)))
      (br_if $list (i32.lt_u (local.get $row) (local.get $last))))

    ;; 32 outputs at a time.
    (local.set $o (i32.const 0))
    (block $no_more_wide
      (loop $wide
        (br_if $no_more_wide (i32.gt_u (i32.add (local.get $o) (i32.const 128)) (local.get $stride)))
        (local.set $out (i32.add (local.get $y) (local.get $o)))
        (local.set $pair (local.get $lists))
        (local.set $row (local.get $ends))
        (loop $each
          (local.set $p (i32.add (local.get $bias) (local.get $o)))
          (local.set $s0 (v128.load offset=0 (local.get $p)))
          (local.set $s1 (v128.load offset=16 (local.get $p)))
          (local.set $s2 (v128.load offset=32 (local.get $p)))
          (local.set $s3 (v128.load offset=48 (local.get $p)))
          (local.set $s4 (v128.load offset=64 (local.get $p)))
          (local.set $s5 (v128.load offset=80 (local.get $p)))
          (local.set $s6 (v128.load offset=96 (local.get $p)))
          (local.set $s7 (v128.load offset=112 (local.get $p)))
          (local.set $end (i32.load (local.get $row)))
          (block $summed
            (br_if $summed (i32.eq (local.get $pair) (local.get $end)))
            (loop $add
              (local.set $value (v128.load32_splat offset=4 (local.get $pair)))
              (local.set $p (i32.add (local.get $kernel) (i32.load (local.get $pair))))
              (local.set $s0 (f32x4.add (local.get $s0) (f32x4.mul (local.get $value) (v128.load offset=0 (local.get $p)))))
              (local.set $s1 (f32x4.add (local.get $s1) (f32x4.mul (local.get $value) (v128.load offset=16 (local.get $p)))))
              (local.set $s2 (f32x4.add (local.get $s2) (f32x4.mul (local.get $value) (v128.load offset=32 (local.get $p)))))
              (local.set $s3 (f32x4.add (local.get $s3) (f32x4.mul (local.get $value) (v128.load offset=48 (local.get $p)))))
              (local.set $s4 (f32x4.add (local.get $s4) (f32x4.mul (local.get $value) (v128.load offset=64 (local.get $p)))))
              (local.set $s5 (f32x4.add (local.get $s5) (f32x4.mul (local.get $value) (v128.load offset=80 (local.get $p)))))
              (local.set $s6 (f32x4.add (local.get $s6) (f32x4.mul (local.get $value) (v128.load offset=96 (local.get $p)))))
              (local.set $s7 (f32x4.add (local.get $s7) (f32x4.mul (local.get $value) (v128.load offset=112 (local.get $p)))))
              (local.set $pair (i32.add (local.get $pair) (i32.const 8)))
              (br_if $add (i32.lt_u (local.get $pair) (local.get $end)))))
          (v128.store offset=0 (local.get $out) (f32x4.max (local.get $s0) (local.get $least)))
          (v128.store offset=16 (local.get $out) (f32x4.max (local.get $s1) (local.get $least)))
          (v128.store offset=32 (local.get $out) (f32x4.max (local.get $s2) (local.get $least)))
          (v128.store offset=48 (local.get $out) (f32x4.max (local.get $s3) (local.get $least)))
          (v128.store offset=64 (local.get $out) (f32x4.max (local.get $s4) (local.get $least)))
          (v128.store offset=80 (local.get $out) (f32x4.max (local.get $s5) (local.get $least)))
          (v128.store offset=96 (local.get $out) (f32x4.max (local.get $s6) (local.get $least)))
          (v128.store offset=112 (local.get $out) (f32x4.max (local.get $s7) (local.get $least)))
          (local.set $out (i32.add (local.get $out) (local.get $stride)))
          (local.set $row (i32.add (local.get $row) (i32.const 4)))
          (br_if $each (i32.lt_u (local.get $row) (local.get $last))))
        (local.set $o (i32.add (local.get $o) (i32.const 128)))
        (local.set $kernel (i32.add (local.get $kernel) (i32.shl (local.get $inputs) (i32.const 7))))
        (br $wide)))

    ;; The rest, 4 outputs at a time.
    (block $no_more_narrow
      (loop $narrow
        (br_if $no_more_narrow (i32.ge_u (local.get $o) (local.get $stride)))
        (local.set $out (i32.add (local.get $y) (local.get $o)))
        (local.set $pair (local.get $lists))
        (local.set $row (local.get $ends))
        (loop $each
          (local.set $s0 (v128.load (i32.add (local.get $bias) (local.get $o))))
          (local.set $end (i32.load (local.get $row)))
          (block $summed
            (br_if $summed (i32.eq (local.get $pair) (local.get $end)))
            (loop $add
              (local.set $s0
                (f32x4.add
                  (local.get $s0)
                  (f32x4.mul
                    (v128.load32_splat offset=4 (local.get $pair))
                    (v128.load (i32.add (local.get $kernel) (i32.load (local.get $pair)))))))
              (local.set $pair (i32.add (local.get $pair) (i32.const 8)))
              (br_if $add (i32.lt_u (local.get $pair) (local.get $end)))))
          (v128.store (local.get $out) (f32x4.max (local.get $s0) (local.get $least)))
          (local.set $out (i32.add (local.get $out) (local.get $stride)))
          (local.set $row (i32.add (local.get $row) (i32.const 4)))
          (br_if $each (i32.lt_u (local.get $row) (local.get $last))))
        (local.set $o (i32.add (local.get $o) (i32.const 16)))
        (local.set $kernel (i32.add (local.get $kernel) (i32.const 16)))
        (br $narrow))))

  ;; Layer normalisation in place, then relu, of each group of a block of rows on its own: y = max(0, gain·(x − μ)/√(σ² + ε)
  ;; + bias). Four sums run beside each other, then come the last 0 to 3 units of a group: always in the same order.
  (func (export "normalize")
    (param $rows i32)       ;; at least 1
    (param $stride i32)     ;; bytes of a row of y
    (param $groups i32)     ;; at least 1, side by side at the beginning of a row
    (param $units i32)      ;; of a group, at least 1
    (param $gain i32)       ;; [groups, units]; this and the two below are addresses
    (param $bias i32)       ;; [groups, units]
    (param $y i32)          ;; [rows, ...]
    (param $epsilon f32)
    (local $group i32) (local $g i32) (local $b i32) (local $p i32) (local $whole i32) (local $end i32)
    (local $first i32) (local $sums v128) (local $wide v128) (local $scales v128)
    (local $mean f32) (local $scale f32) (local $sum f32) (local $x f32)
    (loop $each_row
      (local.set $group (i32.const 0))
      (local.set $first (local.get $y))
      (local.set $g (local.get $gain))
      (local.set $b (local.get $bias))
      (loop $each_group
        (local.set $whole (i32.add (local.get $first) (i32.shl (i32.and (local.get $units) (i32.const -4)) (i32.const 2))))
        (local.set $end (i32.add (local.get $first) (i32.shl (local.get $units) (i32.const 2))))

        ;; The mean.
        (local.set $sums (v128.const f32x4 0 0 0 0))
        (local.set $p (local.get $first))
        (block $done
          (loop $add
            (br_if $done (i32.eq (local.get $p) (local.get $whole)))
            (local.set $sums (f32x4.add (local.get $sums) (v128.load (local.get $p))))
            (local.set $p (i32.add (local.get $p) (i32.const 16)))
            (br $add)))
        (local.set $sum (call $across (local.get $sums)))
        (block $done
          (loop $add
            (br_if $done (i32.eq (local.get $p) (local.get $end)))
            (local.set $sum (f32.add (local.get $sum) (f32.load (local.get $p))))
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $add)))
        (local.set $mean (f32.div (local.get $sum) (f32.convert_i32_u (local.get $units))))

        ;; x − μ in place, and the variance.
        (local.set $wide (f32x4.splat (local.get $mean)))
        (local.set $sums (v128.const f32x4 0 0 0 0))
        (local.set $p (local.get $first))
        (block $done
          (loop $add
            (br_if $done (i32.eq (local.get $p) (local.get $whole)))
            (local.set $scales (f32x4.sub (v128.load (local.get $p)) (local.get $wide)))
            (v128.store (local.get $p) (local.get $scales))
            (local.set $sums (f32x4.add (local.get $sums) (f32x4.mul (local.get $scales) (local.get $scales))))
            (local.set $p (i32.add (local.get $p) (i32.const 16)))
            (br $add)))
        (local.set $sum (call $across (local.get $sums)))
        (block $done
          (loop $add
            (br_if $done (i32.eq (local.get $p) (local.get $end)))
            (local.set $x (f32.sub (f32.load (local.get $p)) (local.get $mean)))
            (f32.store (local.get $p) (local.get $x))
            (local.set $sum (f32.add (local.get $sum) (f32.mul (local.get $x) (local.get $x))))
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (br $add)))
        (local.set $scale
          (f32.div
            (f32.const 1)
            (f32.sqrt
              (f32.add
                (f32.div (local.get $sum) (f32.convert_i32_u (local.get $units)))
                (local.get $epsilon)))))

        ;; Gain, bias and relu.
        (local.set $scales (f32x4.splat (local.get $scale)))
        (local.set $p (local.get $first))
        (block $done
          (loop $unit
            (br_if $done (i32.eq (local.get $p) (local.get $whole)))
            (v128.store
              (local.get $p)
              (f32x4.max
                (f32x4.add
                  (f32x4.mul
                    (f32x4.mul (v128.load (local.get $p)) (local.get $scales))
                    (v128.load (local.get $g)))
                  (v128.load (local.get $b)))
                (v128.const f32x4 0 0 0 0)))
            (local.set $p (i32.add (local.get $p) (i32.const 16)))
            (local.set $g (i32.add (local.get $g) (i32.const 16)))
            (local.set $b (i32.add (local.get $b) (i32.const 16)))
            (br $unit)))
        (block $done
          (loop $unit
            (br_if $done (i32.eq (local.get $p) (local.get $end)))
            (f32.store
              (local.get $p)
              (f32.max
                (f32.add
                  (f32.mul (f32.mul (f32.load (local.get $p)) (local.get $scale)) (f32.load (local.get $g)))
                  (f32.load (local.get $b)))
                (f32.const 0)))
            (local.set $p (i32.add (local.get $p) (i32.const 4)))
            (local.set $g (i32.add (local.get $g) (i32.const 4)))
            (local.set $b (i32.add (local.get $b) (i32.const 4)))
            (br $unit)))

        (local.set $first (local.get $end))
        (local.set $group (i32.add (local.get $group) (i32.const 1)))
        (br_if $each_group (i32.lt_u (local.get $group) (local.get $groups))))
      (local.set $y (i32.add (local.get $y) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $each_row (local.get $rows))))

  ;; The sum of four lanes.
  (func $across (param $lanes v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $lanes)) (f32x4.extract_lane 1 (local.get $lanes)))
      (f32.add (f32x4.extract_lane 2 (local.get $lanes)) (f32x4.extract_lane 3 (local.get $lanes))))))
