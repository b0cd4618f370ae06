-- SPDX-License-Identifier: MIT
-- Accounts and assets are called what people call them: any text in normal form, without control
-- characters. What was allowed before still is.

ALTER TABLE account
    DROP CONSTRAINT account_id_check,
    DROP CONSTRAINT account_asset_check,
    ADD CONSTRAINT account_id_check CHECK (
        octet_length(id) BETWEEN 1 AND 255 AND id IS NFC NORMALIZED
        AND id !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]'),
    ADD CONSTRAINT account_asset_check CHECK (
        asset ~ '^[^/"]+/(0|[1-9][0-9]?)$' AND asset !~ '^ | /'
        AND octet_length(split_part(asset, '/', 1)) <= 32 AND asset IS NFC NORMALIZED
        AND asset !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]');
