select
    bands.price_band,
    others.price_band as overlapped_by
from {{ ref('price_bands') }} as bands
inner join {{ ref('price_bands') }} as others
    on
        bands.price_band <> others.price_band
        and bands.from_price_gross <= others.from_price_gross
        and (bands.below_price_gross is null or bands.below_price_gross > others.from_price_gross)
