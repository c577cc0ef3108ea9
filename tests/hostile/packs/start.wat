;; A pack that crashes before any of its functions is called.
(module
  @COMMON@
  @DESCRIBE@
  (func $crash (unreachable))
  (start $crash)
  (func (export "amdm:node/nodes@0.1.0#execute") (param i32 i32 i32) (result i32) (call $done))
)
