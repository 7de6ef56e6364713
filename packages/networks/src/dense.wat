;; One dense layer for a batch of rows, y = max(x·kernel + bias, floor), with 128-bit SIMD.
;;
;; Assembled by scripts/assemble.ts into dense-wasm.ts.
;;
;; Each row's non-zero inputs are first listed as pairs (offset of their kernel row, value), without a branch:
;; relu leaves about half of a hidden layer's outputs zero, and those then cost nothing. The list is walked once
;; for every 32 outputs, whose sums stay in 8 registers, and once for every 4 of what is left.
;;
;; Products and sums are separate instructions: a fused one would be a tenth faster and round differently on
;; processors without it, and actors on different machines should choose alike.
(module
  (memory (export "memory") 1)
  (func (export "dense")
    (param $rows i32)       ;; at least 1
    (param $inputs i32)     ;; at least 1
    (param $outputs i32)    ;; a multiple of 4
    (param $x i32)          ;; [rows, inputs]; this and all below are addresses of float32
    (param $kernel i32)     ;; [inputs, outputs]
    (param $bias i32)       ;; [outputs]
    (param $y i32)          ;; [rows, outputs]
    (param $list i32)       ;; room for inputs + 1 pairs of 8 bytes
    (param $floor f32)      ;; 0: relu; -inf: none
    (local $end i32) (local $pair i32) (local $stride i32) (local $offset i32) (local $bits i32)
    (local $row_end i32) (local $o i32) (local $p i32) (local $column i32)
    (local $value v128) (local $least v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)

    (local.set $stride (i32.shl (local.get $outputs) (i32.const 2)))
    (local.set $least (f32x4.splat (local.get $floor)))
    (loop $row

      ;; List the non-zero inputs: every one is written, and the end moves on by those that are not +0.
      (local.set $end (local.get $list))
      (local.set $offset (i32.const 0))
      (local.set $row_end (i32.add (local.get $x) (i32.shl (local.get $inputs) (i32.const 2))))
      (loop $input
        (local.set $bits (i32.load (local.get $x)))
        (i32.store (local.get $end) (local.get $offset))
        (i32.store offset=4 (local.get $end) (local.get $bits))
        (local.set $end
          (i32.add (local.get $end) (i32.shl (i32.ne (local.get $bits) (i32.const 0)) (i32.const 3))))
        (local.set $offset (i32.add (local.get $offset) (local.get $stride)))
        (local.set $x (i32.add (local.get $x) (i32.const 4)))
        (br_if $input (i32.lt_u (local.get $x) (local.get $row_end))))

      ;; 32 outputs at a time.
      (local.set $o (i32.const 0))
      (block $no_more_wide
        (loop $wide
          (br_if $no_more_wide (i32.gt_u (i32.add (local.get $o) (i32.const 128)) (local.get $stride)))
          (local.set $p (i32.add (local.get $bias) (local.get $o)))
          (local.set $s0 (v128.load offset=0 (local.get $p)))
          (local.set $s1 (v128.load offset=16 (local.get $p)))
          (local.set $s2 (v128.load offset=32 (local.get $p)))
          (local.set $s3 (v128.load offset=48 (local.get $p)))
          (local.set $s4 (v128.load offset=64 (local.get $p)))
          (local.set $s5 (v128.load offset=80 (local.get $p)))
          (local.set $s6 (v128.load offset=96 (local.get $p)))
          (local.set $s7 (v128.load offset=112 (local.get $p)))
          (local.set $column (i32.add (local.get $kernel) (local.get $o)))
          (local.set $pair (local.get $list))
          (block $summed
            (br_if $summed (i32.eq (local.get $pair) (local.get $end)))
            (loop $add
              (local.set $value (v128.load32_splat offset=4 (local.get $pair)))
              (local.set $p (i32.add (local.get $column) (i32.load (local.get $pair))))
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
          (local.set $p (i32.add (local.get $y) (local.get $o)))
          (v128.store offset=0 (local.get $p) (f32x4.max (local.get $s0) (local.get $least)))
          (v128.store offset=16 (local.get $p) (f32x4.max (local.get $s1) (local.get $least)))
          (v128.store offset=32 (local.get $p) (f32x4.max (local.get $s2) (local.get $least)))
          (v128.store offset=48 (local.get $p) (f32x4.max (local.get $s3) (local.get $least)))
          (v128.store offset=64 (local.get $p) (f32x4.max (local.get $s4) (local.get $least)))
          (v128.store offset=80 (local.get $p) (f32x4.max (local.get $s5) (local.get $least)))
          (v128.store offset=96 (local.get $p) (f32x4.max (local.get $s6) (local.get $least)))
          (v128.store offset=112 (local.get $p) (f32x4.max (local.get $s7) (local.get $least)))
          (local.set $o (i32.add (local.get $o) (i32.const 128)))
          (br $wide)))

      ;; The rest, 4 outputs at a time.
      (block $no_more_narrow
        (loop $narrow
          (br_if $no_more_narrow (i32.ge_u (local.get $o) (local.get $stride)))
          (local.set $s0 (v128.load (i32.add (local.get $bias) (local.get $o))))
          (local.set $column (i32.add (local.get $kernel) (local.get $o)))
          (local.set $pair (local.get $list))
          (block $summed
            (br_if $summed (i32.eq (local.get $pair) (local.get $end)))
            (loop $add
              (local.set $s0
                (f32x4.add
                  (local.get $s0)
                  (f32x4.mul
                    (v128.load32_splat offset=4 (local.get $pair))
                    (v128.load (i32.add (local.get $column) (i32.load (local.get $pair)))))))
              (local.set $pair (i32.add (local.get $pair) (i32.const 8)))
              (br_if $add (i32.lt_u (local.get $pair) (local.get $end)))))
          (v128.store
            (i32.add (local.get $y) (local.get $o))
            (f32x4.max (local.get $s0) (local.get $least)))
          (local.set $o (i32.add (local.get $o) (i32.const 16)))
          (br $narrow)))

      (local.set $y (i32.add (local.get $y) (local.get $stride)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows)))))
