;; Attention of one token to a block of tokens whose keys and values lie in memory, with 128-bit SIMD: its scores, and the sum
;; of values by weights.
;;
;; Assembled by scripts/assemble.ts into attention-wasm.ts.
;;
;; A head's numbers are padded with zeros to a multiple of 4. Each score and each sum is added up in the same order whatever
;; the block. Products and sums are separate instructions: fused ones round differently on processors without them.
(module
  (import "memory" "memory" (memory 1))
  (func (export "scores")
    (param $queries i32)    ;; [heads, size]; this and all addresses are in bytes
    (param $keys i32)       ;; [tokens, heads / group, size]
    (param $scores i32)     ;; [heads, room]: the first tokens of each row are written
    (param $heads i32)      ;; at least 1
    (param $group i32)      ;; heads that share keys
    (param $size i32)       ;; bytes of a head, a multiple of 16
    (param $tokens i32)     ;; at least 1
    (param $stride i32)     ;; bytes of a token's keys
    (param $room i32)       ;; bytes of a head's scores
    (local $left i32) (local $key i32) (local $out i32) (local $end i32) (local $q i32) (local $k i32) (local $shared i32)
    (local $k1 i32) (local $k2 i32) (local $k3 i32) (local $query v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $shared (local.get $group))
    (loop $head
      (local.set $key (local.get $keys))
      (local.set $out (local.get $scores))
      (local.set $left (local.get $tokens))
      (local.set $end (i32.add (local.get $queries) (local.get $size)))

      ;; 4 tokens at a time.
      (block $no_more_wide
        (loop $wide
          (br_if $no_more_wide (i32.lt_u (local.get $left) (i32.const 4)))
          (local.set $q (local.get $queries))
          (local.set $k (local.get $key))
          (local.set $k1 (i32.add (local.get $k) (local.get $stride)))
          (local.set $k2 (i32.add (local.get $k1) (local.get $stride)))
          (local.set $k3 (i32.add (local.get $k2) (local.get $stride)))
          (local.set $s0 (v128.const f32x4 0 0 0 0))
          (local.set $s1 (v128.const f32x4 0 0 0 0))
          (local.set $s2 (v128.const f32x4 0 0 0 0))
          (local.set $s3 (v128.const f32x4 0 0 0 0))
          (loop $add
            (local.set $query (v128.load (local.get $q)))
            (local.set $s0 (f32x4.add (local.get $s0) (f32x4.mul (local.get $query) (v128.load (local.get $k)))))
            (local.set $s1 (f32x4.add (local.get $s1) (f32x4.mul (local.get $query) (v128.load (local.get $k1)))))
            (local.set $s2 (f32x4.add (local.get $s2) (f32x4.mul (local.get $query) (v128.load (local.get $k2)))))
            (local.set $s3 (f32x4.add (local.get $s3) (f32x4.mul (local.get $query) (v128.load (local.get $k3)))))
            (local.set $k (i32.add (local.get $k) (i32.const 16)))
            (local.set $k1 (i32.add (local.get $k1) (i32.const 16)))
            (local.set $k2 (i32.add (local.get $k2) (i32.const 16)))
            (local.set $k3 (i32.add (local.get $k3) (i32.const 16)))
            (local.set $q (i32.add (local.get $q) (i32.const 16)))
            (br_if $add (i32.lt_u (local.get $q) (local.get $end))))
          (f32.store offset=0 (local.get $out) (call $across (local.get $s0)))
          (f32.store offset=4 (local.get $out) (call $across (local.get $s1)))
          (f32.store offset=8 (local.get $out) (call $across (local.get $s2)))
          (f32.store offset=12 (local.get $out) (call $across (local.get $s3)))
          (local.set $out (i32.add (local.get $out) (i32.const 16)))
          (local.set $key (i32.add (local.get $key) (i32.shl (local.get $stride) (i32.const 2))))
          (local.set $left (i32.sub (local.get $left) (i32.const 4)))
          (br $wide)))

      ;; The rest, one at a time.
      (block $no_more
        (loop $narrow
          (br_if $no_more (i32.eqz (local.get $left)))
          (local.set $q (local.get $queries))
          (local.set $k (local.get $key))
          (local.set $s0 (v128.const f32x4 0 0 0 0))
          (loop $add
            (local.set $s0
              (f32x4.add (local.get $s0) (f32x4.mul (v128.load (local.get $q)) (v128.load (local.get $k)))))
            (local.set $k (i32.add (local.get $k) (i32.const 16)))
            (local.set $q (i32.add (local.get $q) (i32.const 16)))
            (br_if $add (i32.lt_u (local.get $q) (local.get $end))))
          (f32.store (local.get $out) (call $across (local.get $s0)))
          (local.set $out (i32.add (local.get $out) (i32.const 4)))
          (local.set $key (i32.add (local.get $key) (local.get $stride)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $narrow)))

      (local.set $queries (local.get $end))
      (local.set $scores (i32.add (local.get $scores) (local.get $room)))
      (local.set $shared (i32.sub (local.get $shared) (i32.const 1)))
      (if (i32.eqz (local.get $shared))
        (then
          (local.set $shared (local.get $group))
          (local.set $keys (i32.add (local.get $keys) (local.get $size)))))
      (local.set $heads (i32.sub (local.get $heads) (i32.const 1)))
      (br_if $head (local.get $heads))))

  (func (export "mix")
    (param $weights i32)    ;; [heads, room]: the first tokens of each row are used
    (param $values i32)     ;; [tokens, heads / group, size]
    (param $mixed i32)      ;; [heads, size], which the sums are added to
    (param $heads i32)      ;; this and all below as for scores
    (param $group i32)
    (param $size i32)
    (param $tokens i32)
    (param $stride i32)
    (param $room i32)
    (local $end i32) (local $last i32) (local $value i32) (local $v i32) (local $w i32) (local $shared i32)
    (local $weight v128) (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $shared (local.get $group))
    (loop $head
      (local.set $value (local.get $values))
      (local.set $end (i32.add (local.get $mixed) (local.get $size)))
      (local.set $last (i32.add (local.get $weights) (i32.shl (local.get $tokens) (i32.const 2))))

      ;; 16 numbers at a time.
      (block $no_more_wide
        (loop $wide
          (br_if $no_more_wide (i32.gt_u (i32.add (local.get $mixed) (i32.const 64)) (local.get $end)))
          (local.set $s0 (v128.load offset=0 (local.get $mixed)))
          (local.set $s1 (v128.load offset=16 (local.get $mixed)))
          (local.set $s2 (v128.load offset=32 (local.get $mixed)))
          (local.set $s3 (v128.load offset=48 (local.get $mixed)))
          (local.set $v (local.get $value))
          (local.set $w (local.get $weights))
          (loop $add
            (local.set $weight (v128.load32_splat (local.get $w)))
            (local.set $s0 (f32x4.add (local.get $s0) (f32x4.mul (local.get $weight) (v128.load offset=0 (local.get $v)))))
            (local.set $s1 (f32x4.add (local.get $s1) (f32x4.mul (local.get $weight) (v128.load offset=16 (local.get $v)))))
            (local.set $s2 (f32x4.add (local.get $s2) (f32x4.mul (local.get $weight) (v128.load offset=32 (local.get $v)))))
            (local.set $s3 (f32x4.add (local.get $s3) (f32x4.mul (local.get $weight) (v128.load offset=48 (local.get $v)))))
            (local.set $v (i32.add (local.get $v) (local.get $stride)))
            (local.set $w (i32.add (local.get $w) (i32.const 4)))
            (br_if $add (i32.lt_u (local.get $w) (local.get $last))))
          (v128.store offset=0 (local.get $mixed) (local.get $s0))
          (v128.store offset=16 (local.get $mixed) (local.get $s1))
          (v128.store offset=32 (local.get $mixed) (local.get $s2))
          (v128.store offset=48 (local.get $mixed) (local.get $s3))
          (local.set $mixed (i32.add (local.get $mixed) (i32.const 64)))
          (local.set $value (i32.add (local.get $value) (i32.const 64)))
          (br $wide)))

      ;; The rest, 4 at a time.
      (block $no_more
        (loop $narrow
          (br_if $no_more (i32.ge_u (local.get $mixed) (local.get $end)))
          (local.set $s0 (v128.load (local.get $mixed)))
          (local.set $v (local.get $value))
          (local.set $w (local.get $weights))
          (loop $add
            (local.set $s0
              (f32x4.add
                (local.get $s0)
                (f32x4.mul (v128.load32_splat (local.get $w)) (v128.load (local.get $v)))))
            (local.set $v (i32.add (local.get $v) (local.get $stride)))
            (local.set $w (i32.add (local.get $w) (i32.const 4)))
            (br_if $add (i32.lt_u (local.get $w) (local.get $last))))
          (v128.store (local.get $mixed) (local.get $s0))
          (local.set $mixed (i32.add (local.get $mixed) (i32.const 16)))
          (local.set $value (i32.add (local.get $value) (i32.const 16)))
          (br $narrow)))

      (local.set $weights (i32.add (local.get $weights) (local.get $room)))
      (local.set $shared (i32.sub (local.get $shared) (i32.const 1)))
      (if (i32.eqz (local.get $shared))
        (then
          (local.set $shared (local.get $group))
          (local.set $values (i32.add (local.get $values) (local.get $size)))))
      (local.set $heads (i32.sub (local.get $heads) (i32.const 1)))
      (br_if $head (local.get $heads))))

  ;; The sum of four lanes.
  (func $across (param $lanes v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $lanes)) (f32x4.extract_lane 1 (local.get $lanes)))
      (f32.add (f32x4.extract_lane 2 (local.get $lanes)) (f32x4.extract_lane 3 (local.get $lanes))))))
