;; The default guest: passes the prompt, the options and the answer through unchanged.
;; Memory is a bump allocator that grows on demand; an instance serves one request and is thrown away.
(module
  (import "env" "realm_host_generate" (func $host_generate (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "realm_host_result" (func $host_result (param i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 16))

  (func (export "realm_abi_version") (result i32)
    i32.const 1)

  ;; 8-byte aligned; 0 when the memory cannot grow far enough. Sums are 64 bits wide, so nothing wraps.
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

  ;; Gives the newest block back; older ones stay until the instance ends.
  (func (export "realm_free") (param $ptr i32) (param $len i32)
    (if (i32.eq
          (i32.and (i32.add (i32.add (local.get $ptr) (local.get $len)) (i32.const 7)) (i32.const -8))
          (global.get $next))
      (then (global.set $next (local.get $ptr)))))

  ;; The whole last result, however long, in one block: chunks of a bump allocator follow one another.
  (func $fetch (result i32)
    (local $start i32) (local $chunk i32) (local $got i32) (local $n i32)
    (local.set $start (global.get $next))
    (loop $more
      (local.set $chunk (call $alloc (i32.const 65536)))
      (if (i32.eqz (local.get $chunk))
        (then (return (i32.const 0))))
      (local.set $n (call $host_result (local.get $got) (local.get $chunk) (i32.const 65536)))
      (if (i32.lt_s (local.get $n) (i32.const 0))
        (then (return (i32.const 0))))
      (local.set $got (i32.add (local.get $got) (local.get $n)))
      (br_if $more (i32.eq (local.get $n) (i32.const 65536))))
    (local.get $start))

  (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
    (local $out i32) (local $n i32)
    (local.set $out (call $alloc (i32.const 8192)))
    (if (i32.eqz (local.get $out))
      (then (return (i32.const 0))))
    (local.set $n
      (call $host_generate
        (local.get $model) (local.get $prompt) (local.get $len) (local.get $options) (local.get $out) (i32.const 8192)))
    (if (i32.eq (local.get $n) (i32.const -6))
      (then (return (call $fetch))))
    (if (i32.lt_s (local.get $n) (i32.const 0))
      (then (return (i32.const 0))))
    (local.get $out))
)
