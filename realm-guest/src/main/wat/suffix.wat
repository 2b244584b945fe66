;; An example: answers as the default guest does and adds a visible suffix to every answer. The stream flag stays as it came: the
;; suffix follows the streamed text, which the whole answer begins with.
(module
  (import "env" "realm_host_generate" (func $host_generate (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "realm_host_result" (func $host_result (param i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data $suffix " [suffix guest]\00")
  (global $next (mut i32) (i32.const 16))

  (func (export "realm_abi_version") (result i32)
    i32.const 1)

  (func $alloc (export "realm_alloc") (param $len i32) (result i32)
    (local $ptr i32) (local $end i64) (local $size i64)
    (local.set $ptr (global.get $next))
    (local.set $end
      (i64.and
        (i64.add
          (i64.add (i64.extend_i32_u (local.get $ptr)) (i64.extend_i32_u (local.get $len)))
          (i64.const 7))
        (i64.const -8)))
    (local.set $size (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16)))
    (if (i64.gt_u (local.get $end) (i64.const 0xffff0000))
      (then (return (i32.const 0))))
    (if (i64.gt_u (local.get $end) (local.get $size))
      (then
        (if (i32.eq
              (memory.grow
                (i32.wrap_i64
                  (i64.shr_u
                    (i64.add (i64.sub (local.get $end) (local.get $size)) (i64.const 65535))
                    (i64.const 16))))
              (i32.const -1))
          (then (return (i32.const 0))))))
    (global.set $next (i32.wrap_i64 (local.get $end)))
    (local.get $ptr))

  ;; Reads the last result chunk by chunk; sets its length, the NUL included. 0 when memory ran out.
  (func $fetch (result i32 i32)
    (local $start i32) (local $chunk i32) (local $got i32) (local $n i32)
    (local.set $start (global.get $next))
    (loop $more
      (local.set $chunk (call $alloc (i32.const 65536)))
      (if (i32.eqz (local.get $chunk))
        (then (return (i32.const 0) (i32.const 0))))
      (local.set $n (call $host_result (local.get $got) (local.get $chunk) (i32.const 65536)))
      (if (i32.lt_s (local.get $n) (i32.const 0))
        (then (return (i32.const 0) (i32.const 0))))
      (local.set $got (i32.add (local.get $got) (local.get $n)))
      (br_if $more (i32.eq (local.get $n) (i32.const 65536))))
    ;; Room for the suffix: the next block follows the last chunk.
    (if (i32.eqz (call $alloc (i32.const 16)))
      (then (return (i32.const 0) (i32.const 0))))
    (local.get $start)
    (local.get $got))

  (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
    (local $out i32) (local $n i32)
    (local.set $out (call $alloc (i32.const 8192)))
    (if (i32.eqz (local.get $out))
      (then (return (i32.const 0))))
    ;; The last 16 bytes of the buffer stay free for the suffix.
    (local.set $n
      (call $host_generate
        (local.get $model) (local.get $prompt) (local.get $len) (local.get $options) (local.get $out) (i32.const 8176)))
    (if (i32.eq (local.get $n) (i32.const -6))
      (then
        (call $fetch)
        (local.set $n)
        (local.set $out)
        (if (i32.eqz (local.get $out))
          (then (return (i32.const 0))))))
    (if (i32.lt_s (local.get $n) (i32.const 1))
      (then (return (i32.const 0))))
    ;; Over the NUL that ends the model's text.
    (memory.init $suffix
      (i32.sub (i32.add (local.get $out) (local.get $n)) (i32.const 1))
      (i32.const 0) (i32.const 16))
    (local.get $out))
)
