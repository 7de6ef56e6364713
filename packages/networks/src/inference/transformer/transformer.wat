;; What a decoder's pass consists of, with 128-bit SIMD: dense layers, norms, rotation, attention, activations.
;;
;; Assembled by scripts/assemble.ts into transformer-wasm.ts.
;;
;; Rows that enter a dense layer are packed: groups of 4 rows as [inputs, 4], so that an input of all four is one load's
;; worth. Rows that come of one lie one after another. The kernel of a layer lies in panels of 16 outputs, [inputs, 16].
;; What a number comes of, and in which order, does not depend on the rows beside it, nor on how work is split.
;; Products and sums of dense layers and attention are fused (relaxed SIMD) where the processor can, as x86 since 2013 and
;; ARM64 can: there the bits are the same.
(module
  (import "memory" "memory" (memory 1 65536 shared))

  ;; y = x·kernel + bias, or y + x·kernel + bias, for some panels of a layer.
  (func (export "multiply")
    (param $rows i32)       ;; at least 1
    (param $inputs i32)     ;; a multiple of 4, at least 4
    (param $x i32)          ;; packed rows of inputs; this and all below are addresses
    (param $kernel i32)     ;; the first of the panels
    (param $bias i32)       ;; its 16 biases, then the next one's
    (param $y i32)          ;; its outputs in the first row
    (param $stride i32)     ;; bytes from one row of y to the next
    (param $panels i32)     ;; at least 1
    (param $adds i32)       ;; 1: y is added to; else 0
    (local $left i32) (local $group i32) (local $out i32) (local $bytes i32)
    (local.set $bytes (i32.shl (local.get $inputs) (i32.const 4)))
    (loop $panel
      (local.set $left (local.get $rows))
      (local.set $group (local.get $x))
      (local.set $out (local.get $y))
      (loop $each
        (if (i32.eq (local.get $left) (i32.const 1))
          (then
            (call $single (local.get $kernel) (local.get $group) (i32.add (local.get $group) (local.get $bytes))
              (local.get $bias) (local.get $out) (local.get $adds)))
          (else
            (call $tile (local.get $left) (local.get $kernel) (local.get $group)
              (i32.add (local.get $group) (local.get $bytes)) (local.get $bias) (local.get $out) (local.get $stride)
              (local.get $adds))
            (call $tile (local.get $left) (i32.add (local.get $kernel) (i32.const 32)) (local.get $group)
              (i32.add (local.get $group) (local.get $bytes)) (i32.add (local.get $bias) (i32.const 32))
              (i32.add (local.get $out) (i32.const 32)) (local.get $stride) (local.get $adds))))
        (local.set $group (i32.add (local.get $group) (local.get $bytes)))
        (local.set $out (i32.add (local.get $out) (i32.shl (local.get $stride) (i32.const 2))))
        (local.set $left (i32.sub (local.get $left) (i32.const 4)))
        (br_if $each (i32.gt_s (local.get $left) (i32.const 0))))
      (local.set $kernel (i32.add (local.get $kernel) (i32.shl (local.get $bytes) (i32.const 2))))
      (local.set $bias (i32.add (local.get $bias) (i32.const 64)))
      (local.set $y (i32.add (local.get $y) (i32.const 64)))
      (local.set $panels (i32.sub (local.get $panels) (i32.const 1)))
      (br_if $panel (local.get $panels))))

  ;; 8 outputs of up to 4 rows.
  (func $tile
    (param $rows i32) (param $w i32) (param $x i32) (param $end i32) (param $bias i32) (param $y i32) (param $stride i32)
    (param $adds i32)
    (local $b0 v128) (local $b1 v128) (local $v v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local $a4 v128) (local $a5 v128) (local $a6 v128) (local $a7 v128)
    (local.set $a0 (v128.load offset=0 (local.get $bias)))
    (local.set $a1 (v128.load offset=16 (local.get $bias)))
    (local.set $a2 (local.get $a0)) (local.set $a3 (local.get $a1))
    (local.set $a4 (local.get $a0)) (local.set $a5 (local.get $a1))
    (local.set $a6 (local.get $a0)) (local.set $a7 (local.get $a1))
    (loop $add
      (local.set $b0 (v128.load offset=0 (local.get $w)))
      (local.set $b1 (v128.load offset=16 (local.get $w)))
      (local.set $v (v128.load32_splat offset=0 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a1)))
      (local.set $v (v128.load32_splat offset=4 (local.get $x)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=8 (local.get $x)))
      (local.set $a4 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a4)))
      (local.set $a5 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a5)))
      (local.set $v (v128.load32_splat offset=12 (local.get $x)))
      (local.set $a6 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a6)))
      (local.set $a7 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a7)))
      (local.set $b0 (v128.load offset=64 (local.get $w)))
      (local.set $b1 (v128.load offset=80 (local.get $w)))
      (local.set $v (v128.load32_splat offset=16 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a1)))
      (local.set $v (v128.load32_splat offset=20 (local.get $x)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=24 (local.get $x)))
      (local.set $a4 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a4)))
      (local.set $a5 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a5)))
      (local.set $v (v128.load32_splat offset=28 (local.get $x)))
      (local.set $a6 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a6)))
      (local.set $a7 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a7)))
      (local.set $b0 (v128.load offset=128 (local.get $w)))
      (local.set $b1 (v128.load offset=144 (local.get $w)))
      (local.set $v (v128.load32_splat offset=32 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a1)))
      (local.set $v (v128.load32_splat offset=36 (local.get $x)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=40 (local.get $x)))
      (local.set $a4 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a4)))
      (local.set $a5 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a5)))
      (local.set $v (v128.load32_splat offset=44 (local.get $x)))
      (local.set $a6 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a6)))
      (local.set $a7 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a7)))
      (local.set $b0 (v128.load offset=192 (local.get $w)))
      (local.set $b1 (v128.load offset=208 (local.get $w)))
      (local.set $v (v128.load32_splat offset=48 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a1)))
      (local.set $v (v128.load32_splat offset=52 (local.get $x)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=56 (local.get $x)))
      (local.set $a4 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a4)))
      (local.set $a5 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a5)))
      (local.set $v (v128.load32_splat offset=60 (local.get $x)))
      (local.set $a6 (f32x4.relaxed_madd (local.get $v) (local.get $b0) (local.get $a6)))
      (local.set $a7 (f32x4.relaxed_madd (local.get $v) (local.get $b1) (local.get $a7)))
      (local.set $w (i32.add (local.get $w) (i32.const 256)))
      (local.set $x (i32.add (local.get $x) (i32.const 64)))
      (br_if $add (i32.lt_u (local.get $x) (local.get $end))))
    (call $write (local.get $y) (local.get $a0) (local.get $a1) (local.get $adds))
    (if (i32.le_s (local.get $rows) (i32.const 1)) (then (return)))
    (local.set $y (i32.add (local.get $y) (local.get $stride)))
    (call $write (local.get $y) (local.get $a2) (local.get $a3) (local.get $adds))
    (if (i32.le_s (local.get $rows) (i32.const 2)) (then (return)))
    (local.set $y (i32.add (local.get $y) (local.get $stride)))
    (call $write (local.get $y) (local.get $a4) (local.get $a5) (local.get $adds))
    (if (i32.le_s (local.get $rows) (i32.const 3)) (then (return)))
    (local.set $y (i32.add (local.get $y) (local.get $stride)))
    (call $write (local.get $y) (local.get $a6) (local.get $a7) (local.get $adds))
  )

  ;; A panel's 16 outputs of a group's first row.
  (func $single
    (param $w i32) (param $x i32) (param $end i32) (param $bias i32) (param $y i32) (param $adds i32)
    (local $v v128) (local $a0 v128) (local $a1 v128) (local $a2 v128) (local $a3 v128)
    (local.set $a0 (v128.load offset=0 (local.get $bias)))
    (local.set $a1 (v128.load offset=16 (local.get $bias)))
    (local.set $a2 (v128.load offset=32 (local.get $bias)))
    (local.set $a3 (v128.load offset=48 (local.get $bias)))
    (loop $add
      (local.set $v (v128.load32_splat offset=0 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (v128.load offset=0 (local.get $w)) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (v128.load offset=16 (local.get $w)) (local.get $a1)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (v128.load offset=32 (local.get $w)) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (v128.load offset=48 (local.get $w)) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=16 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (v128.load offset=64 (local.get $w)) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (v128.load offset=80 (local.get $w)) (local.get $a1)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (v128.load offset=96 (local.get $w)) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (v128.load offset=112 (local.get $w)) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=32 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (v128.load offset=128 (local.get $w)) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (v128.load offset=144 (local.get $w)) (local.get $a1)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (v128.load offset=160 (local.get $w)) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (v128.load offset=176 (local.get $w)) (local.get $a3)))
      (local.set $v (v128.load32_splat offset=48 (local.get $x)))
      (local.set $a0 (f32x4.relaxed_madd (local.get $v) (v128.load offset=192 (local.get $w)) (local.get $a0)))
      (local.set $a1 (f32x4.relaxed_madd (local.get $v) (v128.load offset=208 (local.get $w)) (local.get $a1)))
      (local.set $a2 (f32x4.relaxed_madd (local.get $v) (v128.load offset=224 (local.get $w)) (local.get $a2)))
      (local.set $a3 (f32x4.relaxed_madd (local.get $v) (v128.load offset=240 (local.get $w)) (local.get $a3)))
      (local.set $w (i32.add (local.get $w) (i32.const 256)))
      (local.set $x (i32.add (local.get $x) (i32.const 64)))
      (br_if $add (i32.lt_u (local.get $x) (local.get $end))))
    (call $write (local.get $y) (local.get $a0) (local.get $a1) (local.get $adds))
    (call $write (i32.add (local.get $y) (i32.const 32)) (local.get $a2) (local.get $a3)
      (local.get $adds)))

  (func $write (param $y i32) (param $a v128) (param $b v128) (param $adds i32)
    (if (local.get $adds)
      (then
        (v128.store offset=0 (local.get $y) (f32x4.add (v128.load offset=0 (local.get $y)) (local.get $a)))
        (v128.store offset=16 (local.get $y) (f32x4.add (v128.load offset=16 (local.get $y)) (local.get $b))))
      (else
        (v128.store offset=0 (local.get $y) (local.get $a))
        (v128.store offset=16 (local.get $y) (local.get $b)))))

  ;; Four numbers of a packed row.
  (func $pack (param $at i32) (param $v v128)
    (v128.store32_lane offset=0 0 (local.get $at) (local.get $v))
    (v128.store32_lane offset=16 1 (local.get $at) (local.get $v))
    (v128.store32_lane offset=32 2 (local.get $at) (local.get $v))
    (v128.store32_lane offset=48 3 (local.get $at) (local.get $v)))

  ;; The norm of a row, packed: gain·(x − μ)/√(σ² + ε) + bias, or with μ = 0 the root mean square's.
  (func (export "normalize")
    (param $x i32)          ;; [size], and zeros up to a multiple of 4; this and all below but ε are addresses
    (param $y i32)          ;; the row's place among packed ones
    (param $size i32)
    (param $gain i32)       ;; [size], and zeros up to a multiple of 4, as the bias
    (param $bias i32)
    (param $epsilon f32)
    (param $centred i32)    ;; 1: a layer's norm; 0: root mean square
    (local $p i32) (local $end i32) (local $whole i32) (local $mean f32) (local $sum f32) (local $d f32) (local $n f32)
    (local $means v128) (local $sums v128) (local $v v128)
    (local.set $n (f32.convert_i32_u (local.get $size)))
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $size) (i32.const 2))))
    (local.set $whole (i32.add (local.get $x) (i32.shl (i32.and (local.get $size) (i32.const -4)) (i32.const 2))))
    (if (local.get $centred)
      (then
        (local.set $p (local.get $x))
        (loop $add
          (local.set $sums (f32x4.add (local.get $sums) (v128.load (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 16)))
          (br_if $add (i32.lt_u (local.get $p) (local.get $end))))
        (local.set $mean (f32.div (call $across (local.get $sums)) (local.get $n)))))
    (local.set $means (f32x4.splat (local.get $mean)))
    (local.set $sums (v128.const f32x4 0 0 0 0))
    (local.set $p (local.get $x))
    (block $done
      (loop $add
        (br_if $done (i32.ge_u (local.get $p) (local.get $whole)))
        (local.set $v (f32x4.sub (v128.load (local.get $p)) (local.get $means)))
        (local.set $sums (f32x4.add (local.get $sums) (f32x4.mul (local.get $v) (local.get $v))))
        (local.set $p (i32.add (local.get $p) (i32.const 16)))
        (br $add)))
    (local.set $sum (call $across (local.get $sums)))
    (block $done
      (loop $add
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (local.set $d (f32.sub (f32.load (local.get $p)) (local.get $mean)))
        (local.set $sum (f32.add (local.get $sum) (f32.mul (local.get $d) (local.get $d))))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (br $add)))
    (local.set $sums
      (f32x4.splat
        (f32.div
          (f32.const 1)
          (f32.sqrt (f32.add (f32.div (local.get $sum) (local.get $n)) (local.get $epsilon))))))
    (local.set $p (local.get $x))
    (loop $each
      (local.set $v (f32x4.mul (f32x4.sub (v128.load (local.get $p)) (local.get $means)) (local.get $sums)))
      (call $pack
        (local.get $y)
        (f32x4.add (f32x4.mul (local.get $v) (v128.load (local.get $gain))) (v128.load (local.get $bias))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (local.set $gain (i32.add (local.get $gain) (i32.const 16)))
      (local.set $bias (i32.add (local.get $bias) (i32.const 16)))
      (local.set $y (i32.add (local.get $y) (i32.const 64)))
      (br_if $each (i32.lt_u (local.get $p) (local.get $end)))))

  ;; Rotates heads in place: number i with number i + half.
  (func (export "rotate")
    (param $x i32)          ;; [heads, size]
    (param $heads i32)      ;; at least 1
    (param $size i32)       ;; bytes of a head
    (param $half i32)       ;; bytes of half of what is rotated
    (param $cosines i32)    ;; [half]
    (param $sines i32)
    (local $i i32) (local $p i32) (local $q i32) (local $a f32) (local $b f32) (local $c f32) (local $s f32)
    (local $wide i32) (local $va v128) (local $vb v128) (local $vc v128) (local $vs v128)
    (local.set $wide (i32.and (local.get $half) (i32.const -16)))
    (loop $head
      (local.set $i (i32.const 0))
      (block $no_more_wide
        (loop $each
          (br_if $no_more_wide (i32.ge_u (local.get $i) (local.get $wide)))
          (local.set $p (i32.add (local.get $x) (local.get $i)))
          (local.set $q (i32.add (local.get $p) (local.get $half)))
          (local.set $va (v128.load (local.get $p)))
          (local.set $vb (v128.load (local.get $q)))
          (local.set $vc (v128.load (i32.add (local.get $cosines) (local.get $i))))
          (local.set $vs (v128.load (i32.add (local.get $sines) (local.get $i))))
          (v128.store (local.get $p)
            (f32x4.sub (f32x4.mul (local.get $va) (local.get $vc)) (f32x4.mul (local.get $vb) (local.get $vs))))
          (v128.store (local.get $q)
            (f32x4.add (f32x4.mul (local.get $vb) (local.get $vc)) (f32x4.mul (local.get $va) (local.get $vs))))
          (local.set $i (i32.add (local.get $i) (i32.const 16)))
          (br $each)))
      (block $no_more
        (loop $each
          (br_if $no_more (i32.ge_u (local.get $i) (local.get $half)))
          (local.set $p (i32.add (local.get $x) (local.get $i)))
          (local.set $q (i32.add (local.get $p) (local.get $half)))
          (local.set $a (f32.load (local.get $p)))
          (local.set $b (f32.load (local.get $q)))
          (local.set $c (f32.load (i32.add (local.get $cosines) (local.get $i))))
          (local.set $s (f32.load (i32.add (local.get $sines) (local.get $i))))
          (f32.store (local.get $p)
            (f32.sub (f32.mul (local.get $a) (local.get $c)) (f32.mul (local.get $b) (local.get $s))))
          (f32.store (local.get $q)
            (f32.add (f32.mul (local.get $b) (local.get $c)) (f32.mul (local.get $a) (local.get $s))))
          (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (br $each)))
      (local.set $x (i32.add (local.get $x) (local.get $size)))
      (local.set $heads (i32.sub (local.get $heads) (i32.const 1)))
      (br_if $head (local.get $heads))))

  ;; Copies a token's heads of keys to its place in a block: 4 tokens lie side by side, 4 numbers of each, so that what is
  ;; computed together is read one after another.
  (func (export "keep_keys")
    (param $x i32)          ;; [heads, size]
    (param $heads i32)      ;; at least 1
    (param $size i32)       ;; bytes of a head, a multiple of 16
    (param $block i32)      ;; [heads, 16, size / 16, 4 tokens, 16 bytes]: the token's place in the first head
    (local $end i32) (local $to i32)
    (loop $head
      (local.set $end (i32.add (local.get $x) (local.get $size)))
      (local.set $to (local.get $block))
      (loop $each
        (v128.store (local.get $to) (v128.load (local.get $x)))
        (local.set $to (i32.add (local.get $to) (i32.const 64)))
        (local.set $x (i32.add (local.get $x) (i32.const 16)))
        (br_if $each (i32.lt_u (local.get $x) (local.get $end))))
      (local.set $block (i32.add (local.get $block) (i32.shl (local.get $size) (i32.const 6))))
      (local.set $heads (i32.sub (local.get $heads) (i32.const 1)))
      (br_if $head (local.get $heads))))

  ;; The same of its values: a block's head has the first 32 numbers of each token, then the next 32, and so on.
  (func (export "keep_values")
    (param $x i32)          ;; [heads, size]
    (param $heads i32)      ;; at least 1
    (param $size i32)       ;; bytes of a head, a multiple of 16
    (param $block i32)      ;; [heads, size / 128, 64 tokens, 128 bytes], of which the last may have fewer bytes
    (param $token i32)      ;; its number in the block
    (local $left i32) (local $part i32) (local $to i32)
    (loop $head
      (local.set $left (local.get $size))
      (local.set $to (local.get $block))
      (loop $each
        (local.set $part (select (local.get $left) (i32.const 128) (i32.lt_u (local.get $left) (i32.const 128))))
        (memory.copy
          (i32.add (local.get $to) (i32.mul (local.get $token) (local.get $part)))
          (local.get $x)
          (local.get $part))
        (local.set $x (i32.add (local.get $x) (local.get $part)))
        (local.set $to (i32.add (local.get $to) (i32.shl (local.get $part) (i32.const 6))))
        (local.set $left (i32.sub (local.get $left) (local.get $part)))
        (br_if $each (local.get $left)))
      (local.set $block (i32.add (local.get $block) (i32.shl (local.get $size) (i32.const 6))))
      (local.set $heads (i32.sub (local.get $heads) (i32.const 1)))
      (br_if $head (local.get $heads))))

  ;; One head's attention to the tokens before and at a row's: softmax(scale·q·k)·v, packed.
  (func (export "attend")
    (param $query i32)      ;; [size]; this and the next 5 are addresses
    (param $blocks i32)     ;; int32 for each 64 tokens: where the head's keys lie, less $keys
    (param $y i32)          ;; the head's place in a packed row
    (param $scores i32)     ;; room for a number a token, and up to 3 more
    (param $keys i32)       ;; what is added to a block's address, for the head's keys
    (param $values i32)     ;; and for its values
    (param $size i32)       ;; bytes of a head, a multiple of 16
    (param $tokens i32)     ;; at least 1
    (param $scale f32)
    (local $at i32) (local $block i32) (local $left i32) (local $part i32) (local $end i32) (local $q i32) (local $k i32)
    (local $o i32) (local $w i32) (local $v i32) (local $stop i32) (local $row i32)
    (local $most v128) (local $sum v128) (local $query4 v128) (local $weight v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $s4 v128) (local $s5 v128) (local $s6 v128) (local $s7 v128)

    ;; Scores, 4 tokens at a time: those past the last one are of whatever lies there.
    (local.set $end (i32.add (local.get $query) (local.get $size)))
    (local.set $at (local.get $scores))
    (local.set $block (local.get $blocks))
    (local.set $left (local.get $tokens))
    (loop $of_block
      (local.set $k (i32.add (i32.load (local.get $block)) (local.get $keys)))
      (local.set $part (select (local.get $left) (i32.const 64) (i32.lt_s (local.get $left) (i32.const 64))))
      (loop $four
        (local.set $q (local.get $query))
        (local.set $s0 (v128.const f32x4 0 0 0 0))
        (local.set $s1 (v128.const f32x4 0 0 0 0))
        (local.set $s2 (v128.const f32x4 0 0 0 0))
        (local.set $s3 (v128.const f32x4 0 0 0 0))
        (loop $add
          (local.set $query4 (v128.load (local.get $q)))
          (local.set $s0 (f32x4.relaxed_madd (local.get $query4) (v128.load offset=0 (local.get $k)) (local.get $s0)))
          (local.set $s1 (f32x4.relaxed_madd (local.get $query4) (v128.load offset=16 (local.get $k)) (local.get $s1)))
          (local.set $s2 (f32x4.relaxed_madd (local.get $query4) (v128.load offset=32 (local.get $k)) (local.get $s2)))
          (local.set $s3 (f32x4.relaxed_madd (local.get $query4) (v128.load offset=48 (local.get $k)) (local.get $s3)))
          (local.set $k (i32.add (local.get $k) (i32.const 64)))
          (local.set $q (i32.add (local.get $q) (i32.const 16)))
          (br_if $add (i32.lt_u (local.get $q) (local.get $end))))
        ;; The four sums, each across its lanes.
        (local.set $s4 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s0) (local.get $s1)))
        (local.set $s5 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s0) (local.get $s1)))
        (local.set $s6 (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $s2) (local.get $s3)))
        (local.set $s7 (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $s2) (local.get $s3)))
        (local.set $s4 (f32x4.add (local.get $s4) (local.get $s5)))
        (local.set $s6 (f32x4.add (local.get $s6) (local.get $s7)))
        (local.set $s5 (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $s4) (local.get $s6)))
        (local.set $s7 (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $s4) (local.get $s6)))
        (v128.store (local.get $at) (f32x4.mul (f32x4.add (local.get $s5) (local.get $s7)) (f32x4.splat (local.get $scale))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $part (i32.sub (local.get $part) (i32.const 4)))
        (br_if $four (i32.gt_s (local.get $part) (i32.const 0))))
      (local.set $block (i32.add (local.get $block) (i32.const 4)))
      (local.set $left (i32.sub (local.get $left) (i32.const 64)))
      (br_if $of_block (i32.gt_s (local.get $left) (i32.const 0))))
    (local.set $end (local.get $at))
    (local.set $at (i32.add (local.get $scores) (i32.shl (local.get $tokens) (i32.const 2))))
    (block $done
      (loop $past
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (f32.store (local.get $at) (f32.const -inf))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $past)))

    ;; Weights, whose sum is divided by at the end.
    (local.set $most (v128.load (local.get $scores)))
    (local.set $at (local.get $scores))
    (loop $each
      (local.set $most (f32x4.pmax (local.get $most) (v128.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $most
      (f32x4.splat
        (f32.max
          (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
          (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most))))))
    (local.set $at (local.get $scores))
    (loop $each
      (local.set $weight (call $exp (f32x4.sub (v128.load (local.get $at)) (local.get $most))))
      (v128.store (local.get $at) (local.get $weight))
      (local.set $sum (f32x4.add (local.get $sum) (local.get $weight)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $sum (f32x4.div (v128.const f32x4 1 1 1 1) (f32x4.splat (call $across (local.get $sum)))))

    ;; The values' sum, 32 numbers at a time, then 4.
    (local.set $end (i32.add (local.get $scores) (i32.shl (local.get $tokens) (i32.const 2))))
    (local.set $o (i32.const 0))
    (block $no_more_wide
      (loop $wide
        (br_if $no_more_wide (i32.gt_u (i32.add (local.get $o) (i32.const 128)) (local.get $size)))
        (local.set $s0 (v128.const f32x4 0 0 0 0))
        (local.set $s1 (v128.const f32x4 0 0 0 0))
        (local.set $s2 (v128.const f32x4 0 0 0 0))
        (local.set $s3 (v128.const f32x4 0 0 0 0))
        (local.set $s4 (v128.const f32x4 0 0 0 0))
        (local.set $s5 (v128.const f32x4 0 0 0 0))
        (local.set $s6 (v128.const f32x4 0 0 0 0))
        (local.set $s7 (v128.const f32x4 0 0 0 0))
        (local.set $w (local.get $scores))
        (local.set $block (local.get $blocks))
        (loop $of_block
          (local.set $v
            (i32.add (i32.add (i32.load (local.get $block)) (local.get $values)) (i32.shl (local.get $o) (i32.const 6))))
          (local.set $stop (i32.add (local.get $w) (i32.const 256)))
          (local.set $stop (select (local.get $stop) (local.get $end) (i32.lt_u (local.get $stop) (local.get $end))))
          (loop $add
            (local.set $weight (v128.load32_splat (local.get $w)))
            (local.set $s0 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=0 (local.get $v)) (local.get $s0)))
            (local.set $s1 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=16 (local.get $v)) (local.get $s1)))
            (local.set $s2 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=32 (local.get $v)) (local.get $s2)))
            (local.set $s3 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=48 (local.get $v)) (local.get $s3)))
            (local.set $s4 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=64 (local.get $v)) (local.get $s4)))
            (local.set $s5 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=80 (local.get $v)) (local.get $s5)))
            (local.set $s6 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=96 (local.get $v)) (local.get $s6)))
            (local.set $s7 (f32x4.relaxed_madd (local.get $weight) (v128.load offset=112 (local.get $v)) (local.get $s7)))
            (local.set $v (i32.add (local.get $v) (i32.const 128)))
            (local.set $w (i32.add (local.get $w) (i32.const 4)))
            (br_if $add (i32.lt_u (local.get $w) (local.get $stop))))
          (local.set $block (i32.add (local.get $block) (i32.const 4)))
          (br_if $of_block (i32.lt_u (local.get $w) (local.get $end))))
        (call $pack (i32.add (local.get $y) (i32.const 0)) (f32x4.mul (local.get $s0) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 64)) (f32x4.mul (local.get $s1) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 128)) (f32x4.mul (local.get $s2) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 192)) (f32x4.mul (local.get $s3) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 256)) (f32x4.mul (local.get $s4) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 320)) (f32x4.mul (local.get $s5) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 384)) (f32x4.mul (local.get $s6) (local.get $sum)))
        (call $pack (i32.add (local.get $y) (i32.const 448)) (f32x4.mul (local.get $s7) (local.get $sum)))
        (local.set $y (i32.add (local.get $y) (i32.const 512)))
        (local.set $o (i32.add (local.get $o) (i32.const 128)))
        (br $wide)))
    ;; Bytes of a token in the last part, which begins at the last multiple of 32 numbers.
    (local.set $row (i32.sub (local.get $size) (local.get $o)))
    (local.set $values (i32.add (local.get $values) (i32.shl (local.get $o) (i32.const 6))))
    (local.set $o (i32.const 0))
    (block $no_more
      (loop $narrow
        (br_if $no_more (i32.ge_u (local.get $o) (local.get $row)))
        (local.set $s0 (v128.const f32x4 0 0 0 0))
        (local.set $w (local.get $scores))
        (local.set $block (local.get $blocks))
        (loop $of_block
          (local.set $v (i32.add (i32.add (i32.load (local.get $block)) (local.get $values)) (local.get $o)))
          (local.set $stop (i32.add (local.get $w) (i32.const 256)))
          (local.set $stop (select (local.get $stop) (local.get $end) (i32.lt_u (local.get $stop) (local.get $end))))
          (loop $add
            (local.set $s0
              (f32x4.relaxed_madd (v128.load32_splat (local.get $w)) (v128.load (local.get $v)) (local.get $s0)))
            (local.set $v (i32.add (local.get $v) (local.get $row)))
            (local.set $w (i32.add (local.get $w) (i32.const 4)))
            (br_if $add (i32.lt_u (local.get $w) (local.get $stop))))
          (local.set $block (i32.add (local.get $block) (i32.const 4)))
          (br_if $of_block (i32.lt_u (local.get $w) (local.get $end))))
        (call $pack (local.get $y) (f32x4.mul (local.get $s0) (local.get $sum)))
        (local.set $y (i32.add (local.get $y) (i32.const 64)))
        (local.set $o (i32.add (local.get $o) (i32.const 16)))
        (br $narrow))))

  ;; A hidden layer's row, active and packed; times a second half of the row where there is one.
  (func (export "activate")
    (param $kind i32)       ;; 0: relu; 1: GELU by erf; 2: by tanh; 3: x·σ(1.702·x); 4: SiLU
    (param $x i32)          ;; [size]; this and the next are addresses
    (param $y i32)          ;; the row's place among packed ones
    (param $size i32)       ;; bytes of what is active, a multiple of 16
    (param $gated i32)      ;; bytes to what it is multiplied by; 0: nothing
    (local $end i32) (local $v v128)
    (local.set $end (i32.add (local.get $x) (local.get $size)))
    (loop $each
      (local.set $v (call $active (local.get $kind) (v128.load (local.get $x))))
      (if (local.get $gated)
        (then
          (local.set $v
            (f32x4.mul (local.get $v) (v128.load (i32.add (local.get $x) (local.get $gated)))))))
      (call $pack (local.get $y) (local.get $v))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (local.set $y (i32.add (local.get $y) (i32.const 64)))
      (br_if $each (i32.lt_u (local.get $x) (local.get $end)))))

  (func $active (param $kind i32) (param $x v128) (result v128)
    (if (i32.eqz (local.get $kind)) (then (return (f32x4.max (local.get $x) (v128.const f32x4 0 0 0 0)))))
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then
        (return
          (f32x4.mul
            (f32x4.mul (local.get $x) (v128.const f32x4 0.5 0.5 0.5 0.5))
            (f32x4.add
              (v128.const f32x4 1 1 1 1)
              (call $erf
                (f32x4.mul (local.get $x) (f32x4.splat (f32.const 0.70710678118654752)))))))))
    ;; (1 + tanh u)/2 is σ(2u).
    (return
      (f32x4.mul
        (local.get $x)
        (call $sigmoid
          (if (result v128) (i32.eq (local.get $kind) (i32.const 2))
            (then
              (f32x4.mul
                (f32x4.add
                  (local.get $x)
                  (f32x4.mul
                    (f32x4.splat (f32.const 0.044715))
                    (f32x4.mul (local.get $x) (f32x4.mul (local.get $x) (local.get $x)))))
                (f32x4.splat (f32.const 1.5957691216057308))))
            (else
              (f32x4.mul
                (local.get $x)
                (f32x4.splat
                  (select (f32.const 1.702) (f32.const 1) (i32.eq (local.get $kind) (i32.const 3)))))))))))

  (func $sigmoid (param $x v128) (result v128)
    (f32x4.div
      (v128.const f32x4 1 1 1 1)
      (f32x4.add (v128.const f32x4 1 1 1 1) (call $exp (f32x4.neg (local.get $x))))))

  ;; erf to 3e-7: Chebyshev's polynomials as fitted by Press et al., "Numerical recipes", 2nd edition, section 6.2 (erfcc).
  (func $erf (param $x v128) (result v128)
    (local $t v128) (local $s v128)
    (local.set $t
      (f32x4.div
        (v128.const f32x4 1 1 1 1)
        (f32x4.add
          (v128.const f32x4 1 1 1 1)
          (f32x4.mul (v128.const f32x4 0.5 0.5 0.5 0.5) (f32x4.abs (local.get $x))))))
    (local.set $s (f32x4.splat (f32.const 0.17087277)))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const -0.82215223))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const 1.48851587))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const -1.13520398))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const 0.27886807))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const -0.18628806))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const 0.09678418))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const 0.37409196))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const 1.00002368))))
    (local.set $s (f32x4.add (f32x4.mul (local.get $s) (local.get $t)) (f32x4.splat (f32.const -1.26551223))))
    (local.set $s
      (f32x4.sub
        (v128.const f32x4 1 1 1 1)
        (f32x4.mul
          (local.get $t)
          (call $exp (f32x4.sub (local.get $s) (f32x4.mul (local.get $x) (local.get $x)))))))
    ;; With the sign of x.
    (v128.or (local.get $s) (v128.and (local.get $x) (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))))

  ;; e^x to 2e-7 of it, by Cephes' polynomial (Moshier, expf) on x less a multiple of ln 2; 0 for less than -87, and e^88 for more
  ;; than 88.
  (func $exp (param $x v128) (result v128)
    (local $n v128) (local $r v128) (local $p v128)
    (local.set $r (f32x4.pmin (f32x4.splat (f32.const 88)) (f32x4.pmax (f32x4.splat (f32.const -87)) (local.get $x))))
    (local.set $n (f32x4.nearest (f32x4.mul (local.get $r) (f32x4.splat (f32.const 1.44269504088896341)))))
    (local.set $r (f32x4.sub (local.get $r) (f32x4.mul (local.get $n) (f32x4.splat (f32.const 0.693359375)))))
    (local.set $r (f32x4.sub (local.get $r) (f32x4.mul (local.get $n) (f32x4.splat (f32.const -2.12194440e-4)))))
    (local.set $p (f32x4.splat (f32.const 1.9875691500e-4)))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 1.3981999507e-3))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 8.3334519073e-3))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 4.1665795894e-2))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 1.6666665459e-1))))
    (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $r)) (f32x4.splat (f32.const 5.0000001201e-1))))
    (local.set $p (f32x4.add (f32x4.mul (f32x4.mul (local.get $p) (local.get $r)) (local.get $r)) (local.get $r)))
    (v128.and
      (f32x4.mul
        (f32x4.add (local.get $p) (v128.const f32x4 1 1 1 1))
        (i32x4.shl
          (i32x4.add (i32x4.trunc_sat_f32x4_s (local.get $n)) (v128.const i32x4 127 127 127 127))
          (i32.const 23)))
      (f32x4.ge (local.get $x) (f32x4.splat (f32.const -87)))))

  ;; The sum of four lanes.
  (func $across (param $lanes v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $lanes)) (f32x4.extract_lane 1 (local.get $lanes)))
      (f32.add (f32x4.extract_lane 2 (local.get $lanes)) (f32x4.extract_lane 3 (local.get $lanes))))))
