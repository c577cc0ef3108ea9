;; A node that shows an editor 120 MB of zeros.
(module
  (import "amdm:node/runtime@0.1.0" "[method]call.set-ui" (func $ui (param i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32) (result i32)
    (local $i i32)
    (drop (memory.grow (i32.const 1900)))
    (local.set $i (i32.const 0))
    (loop $l
      (i32.store16 (i32.add (i32.const 1048577) (local.get $i)) (i32.const 0x2c30))
      (local.set $i (i32.add (local.get $i) (i32.const 2)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 120000000))))
    (i32.store8 (i32.const 1048576) (i32.const 0x5b))
    (i32.store8 (i32.add (i32.const 1048577) (i32.sub (local.get $i) (i32.const 1))) (i32.const 0x5d))
    (call $ui (local.get $call) (i32.const 1048576) (i32.const 120000001))
    (call $done)))
