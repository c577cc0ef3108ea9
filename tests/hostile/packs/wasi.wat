;; A pack that asks for the time.
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (drop (call $now))
    (call $done))
)
